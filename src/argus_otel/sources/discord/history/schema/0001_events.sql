-- One row for each event, with its ids. By the hour first, as the engine's lookup of stored ids needs it; then by guild.
create table if not exists ${database}.discord_events${local}${on_cluster}
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
    outcome    LowCardinality(String) comment 'ok, rejected, refused or error; empty for what has none' codec(ZSTD(1)),
    error      LowCardinality(String) comment 'class of the exception' codec(ZSTD(1)),
    code       UInt32 comment 'with which Discord refused a call; 0 for none' codec(ZSTD(1)),
    late       LowCardinality(String) comment 'why the acknowledgement was late or refused' codec(ZSTD(1)),
    install    LowCardinality(String) comment 'guild, user or both; of interactions' codec(ZSTD(1)),
    context    LowCardinality(String) comment 'guild, bot_dm or private_channel; of interactions' codec(ZSTD(1)),
    duration   Float64 comment 'in seconds; 0 for what has none' codec(ZSTD(1)),
    attributes Map(LowCardinality(String), String) comment 'every other attribute, as text' codec(ZSTD(1)),
    index by_guild guild_id type bloom_filter(0.01) granularity 1,
    index by_user user type bloom_filter(0.01) granularity 1
)
engine = ${merge_tree}
partition by toYYYYMM(time)
order by (toStartOfHour(time), guild_id, time)
${ttl_discord_events}
settings index_granularity = 8192;

-- only on a cluster
create table if not exists ${database}.discord_events${on_cluster} as ${database}.discord_events${local}
engine = Distributed('${cluster}', '${database}', 'discord_events${local}', cityHash64(event_id));
