-- What people ask agents on other hosts to do. These tables are not filled from the inbox, and every host of a cluster
-- has them whole: through a distributed table, the user of an insert would be that of the cluster's own connections.
--
-- When and by whom a command is issued, the server says. An insert gives no materialized column, unless its user sets
-- insert_allow_materialized_columns, which any user may: what is given then has to be what the server would say.
create table if not exists ${database}.training_commands${on_cluster}
(
    id        UUID comment 'an agent acts on each once' codec(NONE),
    kind      Enum8('stop' = 1, 'rerun' = 2) codec(ZSTD(1)),
    host      LowCardinality(String) comment 'host.name of the agent, or USER@HOST' codec(ZSTD(1)),
    run_id    String comment 'of a rerun empty, if it names a recipe' codec(ZSTD(1)),
    recipe    LowCardinality(String) comment 'a name in agent.toml of that host' codec(ZSTD(1)),
    arguments Map(String, String) comment 'of a recipe; of a stop now and grace' codec(ZSTD(1)),
    expires   DateTime64(3, 'UTC') default now64(3) + interval 10 minute comment 'by the clock of the server' codec(ZSTD(1)),
    signature String comment 'HMAC-SHA256 of all above, in hexadecimal digits; empty for none' codec(ZSTD(1)),
    issued_at DateTime64(6, 'UTC') materialized now64(6) codec(ZSTD(1)),
    issued_by String materialized currentUser() codec(ZSTD(1)),
    constraint issued_by_its_user check issued_by = currentUser(),
    constraint issued_now check
        abs(toUnixTimestamp64Micro(issued_at) - toUnixTimestamp64Micro(now64(6))) < 60000000
)
engine = ${record_engine}
order by (host, issued_at)
ttl toDateTime(issued_at) + interval 30 day
settings index_granularity = 8192;

create table if not exists ${database}.training_command_acks${on_cluster}
(
    id         UUID comment 'of the command' codec(NONE),
    host       LowCardinality(String) codec(ZSTD(1)),
    agent      LowCardinality(String) comment 'USER@HOST' codec(ZSTD(1)),
    result     Enum8('accepted' = 1, 'done' = 2, 'refused' = 3, 'expired' = 4) codec(ZSTD(1)),
    reason     String comment 'why it is refused, or what to know of it' codec(ZSTD(1)),
    run_id     String comment 'the run that was stopped or started' codec(ZSTD(1)),
    step       Nullable(Int64) comment 'at which the run stops, if that is known' codec(ZSTD(1)),
    stored     DateTime64(6, 'UTC') materialized now64(6) codec(ZSTD(1)),
    written_by String materialized currentUser() codec(ZSTD(1)),
    constraint written_by_its_user check written_by = currentUser()
)
engine = ${record_engine}
order by (id, stored)
ttl toDateTime(stored) + interval 30 day
settings index_granularity = 8192;

-- One row each time that an agent is heard.
create table if not exists ${database}.training_agents${on_cluster}
(
    agent      LowCardinality(String) comment 'USER@HOST' codec(ZSTD(1)),
    host       LowCardinality(String) codec(ZSTD(1)),
    started    DateTime64(3, 'UTC') comment 'when the process started, by its own clock' codec(ZSTD(1)),
    version    LowCardinality(String) comment 'of argus-otel' codec(ZSTD(1)),
    runs       UInt32 comment 'how many runs go on there' codec(ZSTD(1)),
    recipes    Array(LowCardinality(String)) comment 'their names' codec(ZSTD(1)),
    signs      Bool comment 'whether it acts on signed commands only' codec(ZSTD(1)),
    heard      DateTime64(6, 'UTC') materialized now64(6) codec(ZSTD(1)),
    written_by String materialized currentUser() codec(ZSTD(1)),
    constraint written_by_its_user check written_by = currentUser()
)
engine = ${record_engine}
order by (agent, heard)
ttl toDateTime(heard) + interval 7 day
settings index_granularity = 8192;
