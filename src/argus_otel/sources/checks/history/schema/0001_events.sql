-- One row for each run, each change of status, and each state that is told in between. By the hour first, as the
-- engine's lookup of stored ids needs it; then by check.
create table if not exists ${database}.checks_events${local}${on_cluster}
(
    time       DateTime64(6, 'UTC') comment 'when the run began, or the change was confirmed' codec(Delta, ZSTD(1)),
    event      LowCardinality(String) comment 'argus.check.run, .status or .state' codec(ZSTD(1)),
    event_id   UUID comment 'the same however often, and by how many agents, it is sent' codec(NONE),
    agent      LowCardinality(String) comment 'service.name of the program that runs the check' codec(ZSTD(1)),
    location   LowCardinality(String) comment 'where it runs' codec(ZSTD(1)),
    name       LowCardinality(String) comment 'of the check' codec(ZSTD(1)),
    type       LowCardinality(String) comment 'http, dns and so on' codec(ZSTD(1)),
    service    LowCardinality(String) comment 'that the check belongs to; empty for none' codec(ZSTD(1)),
    muted      LowCardinality(String) comment 'why, separated by commas; empty if it is not' codec(ZSTD(1)),
    error      LowCardinality(String) comment 'error.type; empty for none' codec(ZSTD(1)),
    slot       DateTime64(3, 'UTC') comment 'when the run was due, the same at every location' codec(Delta, ZSTD(1)),
    outcome    LowCardinality(String) comment 'of a run: ok, warn, failed or unknown' codec(ZSTD(1)),
    duration   Float64 comment 'of the last attempt, in seconds' codec(ZSTD(1)),
    dns        Nullable(Float32) comment 'a phase of the last attempt, in seconds; null if it had none' codec(ZSTD(1)),
    connect    Nullable(Float32) comment 'likewise' codec(ZSTD(1)),
    tls        Nullable(Float32) comment 'likewise' codec(ZSTD(1)),
    send       Nullable(Float32) comment 'likewise' codec(ZSTD(1)),
    first_byte Nullable(Float32) comment 'likewise' codec(ZSTD(1)),
    transfer   Nullable(Float32) comment 'likewise' codec(ZSTD(1)),
    attempts   UInt16 comment 'of a run' codec(ZSTD(1)),
    disturbed  Bool comment 'whether the agent was too slow to measure the run' codec(ZSTD(1)),
    status     UInt16 comment 'of HTTP; 0 for none' codec(ZSTD(1)),
    state      LowCardinality(String) comment 'of a check: up, degraded, down or unknown' codec(ZSTD(1)),
    before     LowCardinality(String) comment 'the state before a change' codec(ZSTD(1)),
    since      DateTime64(3, 'UTC') comment 'when the state began; 1970 if it is not known' codec(Delta, ZSTD(1)),
    holds      UInt32 comment 'how long the state lasts without another row, in seconds' codec(ZSTD(1)),
    condition  String comment 'that did not hold' codec(ZSTD(1)),
    attributes Map(LowCardinality(String), String) comment 'every other attribute, as text' codec(ZSTD(1))
)
engine = ${merge_tree}
partition by toYYYYMM(time)
order by (toStartOfHour(time), name, location, time)
${ttl_checks_events}
settings index_granularity = 8192;

-- only on a cluster
create table if not exists ${database}.checks_events${on_cluster} as ${database}.checks_events${local}
engine = Distributed('${cluster}', '${database}', 'checks_events${local}', cityHash64(event_id));
