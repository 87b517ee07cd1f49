-- Counts by hour and by day, which outlive the events. By guild first, so that the other keys repeat, which compresses
-- well. The partitions are the index of time. Durations are counted in buckets: N is from 1.02^(N-1) to 1.02^N seconds.
create table if not exists ${database}.discord_hourly${local}${on_cluster}
(
    hour DateTime('UTC') codec(Delta, ZSTD(1)),
    service LowCardinality(String) codec(ZSTD(1)),
    cluster LowCardinality(String) codec(ZSTD(1)),
    shard Int32 codec(ZSTD(1)),
    guild_id UInt64 codec(ZSTD(1)),
    event LowCardinality(String) codec(ZSTD(1)),
    command LowCardinality(String) codec(ZSTD(1)),
    type LowCardinality(String) codec(ZSTD(1)),
    outcome LowCardinality(String) codec(ZSTD(1)),
    error LowCardinality(String) codec(ZSTD(1)),
    count SimpleAggregateFunction(sum, UInt64) comment 'how many' codec(ZSTD(1)),
    first SimpleAggregateFunction(min, DateTime64(6, 'UTC')) comment 'when the first of them began' codec(ZSTD(1)),
    last SimpleAggregateFunction(max, DateTime64(6, 'UTC')) comment 'when the last of them began' codec(ZSTD(1)),
    timed SimpleAggregateFunction(sum, UInt64) comment 'how many have a duration' codec(ZSTD(1)),
    duration_sum SimpleAggregateFunction(sum, Float64) comment 'in seconds' codec(ZSTD(1)),
    duration_max SimpleAggregateFunction(max, Float64) comment 'in seconds' codec(ZSTD(1)),
    durations SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) codec(ZSTD(1)),
    users AggregateFunction(uniqIf, String, UInt8) codec(ZSTD(1))
)
engine = ${aggregating_merge_tree}
partition by toYYYYMM(hour)
order by (guild_id, service, cluster, shard, event, command, type, outcome, error, hour)
${ttl_discord_hourly};

create table if not exists ${database}.discord_daily${local}${on_cluster}
(
    day Date codec(Delta, ZSTD(1)),
    service LowCardinality(String) codec(ZSTD(1)),
    cluster LowCardinality(String) codec(ZSTD(1)),
    shard Int32 codec(ZSTD(1)),
    guild_id UInt64 codec(ZSTD(1)),
    event LowCardinality(String) codec(ZSTD(1)),
    command LowCardinality(String) codec(ZSTD(1)),
    type LowCardinality(String) codec(ZSTD(1)),
    outcome LowCardinality(String) codec(ZSTD(1)),
    error LowCardinality(String) codec(ZSTD(1)),
    count SimpleAggregateFunction(sum, UInt64) comment 'how many' codec(ZSTD(1)),
    first SimpleAggregateFunction(min, DateTime64(6, 'UTC')) comment 'when the first of them began' codec(ZSTD(1)),
    last SimpleAggregateFunction(max, DateTime64(6, 'UTC')) comment 'when the last of them began' codec(ZSTD(1)),
    timed SimpleAggregateFunction(sum, UInt64) comment 'how many have a duration' codec(ZSTD(1)),
    duration_sum SimpleAggregateFunction(sum, Float64) comment 'in seconds' codec(ZSTD(1)),
    duration_max SimpleAggregateFunction(max, Float64) comment 'in seconds' codec(ZSTD(1)),
    durations SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) codec(ZSTD(1)),
    users AggregateFunction(uniqIf, String, UInt8) codec(ZSTD(1))
)
engine = ${aggregating_merge_tree}
partition by toYYYYMM(day)
order by (guild_id, service, cluster, shard, event, command, type, outcome, error, day)
${ttl_discord_daily};

-- only on a cluster
create table if not exists ${database}.discord_hourly${on_cluster} as ${database}.discord_hourly${local}
engine = Distributed('${cluster}', '${database}', 'discord_hourly${local}', cityHash64(guild_id));

-- only on a cluster
create table if not exists ${database}.discord_daily${on_cluster} as ${database}.discord_daily${local}
engine = Distributed('${cluster}', '${database}', 'discord_daily${local}', cityHash64(guild_id));

-- Views come last, and the one on the inbox last of all: no event is stored before every rollup sees it.
create materialized view if not exists ${database}.discord_hourly_view${on_cluster}
to ${database}.discord_hourly${local} as ${rollup_discord_hourly};

create materialized view if not exists ${database}.discord_daily_view${on_cluster}
to ${database}.discord_daily${local} as ${rollup_discord_daily};

create materialized view if not exists ${database}.discord_events_view${on_cluster}
to ${database}.discord_events${local} as
select
    inbox.time as time,
    inbox.event as event,
    inbox.event_id as event_id,
    inbox.service as service,
    inbox.resource['discord.cluster.id'] as cluster,
    greatest(toInt32OrDefault(inbox.attributes['discord.shard.id'], toInt32(-1)), -1) as shard,
    toUInt64OrZero(inbox.attributes['discord.guild.id']) as guild_id,
    toUInt64OrZero(inbox.attributes['discord.channel.id']) as channel_id,
    inbox.attributes['discord.user.id'] as user,
    inbox.attributes['discord.command.name'] as command,
    inbox.attributes['discord.command.type'] as type,
    inbox.attributes['discord.outcome'] as outcome,
    inbox.attributes['error.type'] as error,
    toUInt32OrZero(inbox.attributes['discord.error.code']) as code,
    inbox.attributes['discord.interaction.late.reason'] as late,
    inbox.attributes['discord.integration.type'] as install,
    inbox.attributes['discord.context'] as context,
    inbox.duration as duration,
    mapFromArrays(
        arrayFilter(
            name -> name not in (
                'discord.shard.id', 'discord.guild.id', 'discord.channel.id', 'discord.user.id', 'discord.command.name',
                'discord.command.type', 'discord.outcome', 'error.type', 'discord.error.code',
                'discord.interaction.late.reason', 'discord.integration.type', 'discord.context'
            ),
            mapKeys(inbox.attributes)
        ),
        arrayFilter(
            (value, name) -> name not in (
                'discord.shard.id', 'discord.guild.id', 'discord.channel.id', 'discord.user.id', 'discord.command.name',
                'discord.command.type', 'discord.outcome', 'error.type', 'discord.error.code',
                'discord.interaction.late.reason', 'discord.integration.type', 'discord.context'
            ),
            mapValues(inbox.attributes),
            mapKeys(inbox.attributes)
        )
    ) as attributes
from ${new_rows} as inbox;
