-- Raw history. Rows go into history_inbox, which keeps nothing; the view passes on what history has not got yet, so
-- that whatever hangs on history, rollups included, sees each row once however often it is sent.
create table if not exists ${database}.history_inbox${local}${on_cluster}
(
    time       DateTime64(6, 'UTC'),
    event      LowCardinality(String),
    event_id   UUID,
    service    LowCardinality(String),
    cluster    LowCardinality(String),
    shard      Int32,
    guild_id   UInt64,
    channel_id UInt64,
    user       String,
    command    LowCardinality(String),
    type       LowCardinality(String),
    outcome    LowCardinality(String),
    error      LowCardinality(String),
    duration   Float64,
    attributes Map(LowCardinality(String), String)
)
engine = Null;

-- By the hour first, for the view's look at what is stored already reads the hours of one insert only; then by guild.
-- The ids do not compress.
create table if not exists ${database}.history${local}${on_cluster}
(
    time       DateTime64(6, 'UTC') comment 'when it began' codec(Delta, ZSTD(1)),
    event      LowCardinality(String) comment 'what happened' codec(ZSTD(1)),
    event_id   UUID comment 'the same however often it is sent' codec(NONE),
    service    LowCardinality(String) comment 'the bot' codec(ZSTD(1)),
    cluster    LowCardinality(String) comment 'which process of it' codec(ZSTD(1)),
    shard      Int32 comment '-1 for none' codec(ZSTD(1)),
    guild_id   UInt64 comment '0 for none' codec(ZSTD(1)),
    channel_id UInt64 comment '0 for none' codec(ZSTD(1)),
    user       String comment 'keyed hash or id; empty where users are off' codec(ZSTD(1)),
    command    LowCardinality(String) comment 'of the command or component' codec(ZSTD(1)),
    type       LowCardinality(String) comment 'slash, user, message or prefix; of commands' codec(ZSTD(1)),
    outcome    LowCardinality(String) comment 'ok, rejected or error; empty for what has none' codec(ZSTD(1)),
    error      LowCardinality(String) comment 'class of the exception' codec(ZSTD(1)),
    duration   Float64 comment 'in seconds; 0 for what has none' codec(ZSTD(1)),
    attributes Map(LowCardinality(String), String) comment 'every other attribute, as text' codec(ZSTD(1)),
    index by_guild guild_id type bloom_filter(0.01) granularity 1,
    index by_user user type bloom_filter(0.01) granularity 1
)
engine = ${merge_tree}
partition by toYYYYMM(time)
order by (toStartOfHour(time), guild_id, time)
${ttl_history}
settings index_granularity = 8192;

-- only on a cluster: an event's id decides where it lives, so that one that comes again meets itself
create table if not exists ${database}.history_inbox${on_cluster} as ${database}.history_inbox${local}
engine = Distributed('${cluster}', '${database}', 'history_inbox${local}', cityHash64(event_id));

-- only on a cluster
create table if not exists ${database}.history${on_cluster} as ${database}.history${local}
engine = Distributed('${cluster}', '${database}', 'history${local}', cityHash64(event_id));
