-- What outlives the raw rows: for each hour and each day what happened, to which guild, how often and how it went.
-- By guild first, for then whatever is in the keys repeats, which compresses; the partitions are the index of time.
create table if not exists ${database}.history_hourly${local}${on_cluster}
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
    durations AggregateFunction(quantilesTDigestIf(0.5, 0.9, 0.95, 0.99), Float64, UInt8) codec(ZSTD(1)),
    users AggregateFunction(uniqIf, String, UInt8) codec(ZSTD(1))
)
engine = ${aggregating_merge_tree}
partition by toYYYYMM(hour)
order by (guild_id, service, cluster, shard, event, command, type, outcome, error, hour)
${ttl_hourly};

create table if not exists ${database}.history_daily${local}${on_cluster}
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
    durations AggregateFunction(quantilesTDigestIf(0.5, 0.9, 0.95, 0.99), Float64, UInt8) codec(ZSTD(1)),
    users AggregateFunction(uniqIf, String, UInt8) codec(ZSTD(1))
)
engine = ${aggregating_merge_tree}
partition by toYYYYMM(day)
order by (guild_id, service, cluster, shard, event, command, type, outcome, error, day)
${ttl_daily};

-- only on a cluster
create table if not exists ${database}.history_hourly${on_cluster} as ${database}.history_hourly${local}
engine = Distributed('${cluster}', '${database}', 'history_hourly${local}', cityHash64(guild_id));

-- only on a cluster
create table if not exists ${database}.history_daily${on_cluster} as ${database}.history_daily${local}
engine = Distributed('${cluster}', '${database}', 'history_daily${local}', cityHash64(guild_id));

-- The views come last: none is there before all that it needs is.
create materialized view if not exists ${database}.history_hourly_view${on_cluster} to ${database}.history_hourly${local} as
select
    toStartOfHour(time) as hour, service, cluster, shard, guild_id, event, command, type, outcome, error,
    count() as count,
    min(time) as first,
    max(time) as last,
    countIf(duration > 0) as timed,
    sum(duration) as duration_sum,
    max(duration) as duration_max,
    quantilesTDigestIfState(0.5, 0.9, 0.95, 0.99)(duration, duration > 0) as durations,
    uniqIfState(user, user != '') as users
from ${database}.history${local}
group by hour, service, cluster, shard, guild_id, event, command, type, outcome, error;

create materialized view if not exists ${database}.history_daily_view${on_cluster} to ${database}.history_daily${local} as
select
    toDate(time) as day, service, cluster, shard, guild_id, event, command, type, outcome, error,
    count() as count,
    min(time) as first,
    max(time) as last,
    countIf(duration > 0) as timed,
    sum(duration) as duration_sum,
    max(duration) as duration_max,
    quantilesTDigestIfState(0.5, 0.9, 0.95, 0.99)(duration, duration > 0) as durations,
    uniqIfState(user, user != '') as users
from ${database}.history${local}
group by day, service, cluster, shard, guild_id, event, command, type, outcome, error;

create materialized view if not exists ${database}.history_view${on_cluster} to ${database}.history${local} as
select *
from ${database}.history_inbox${local}
where event_id not in (
    select event_id
    from ${database}.history${local}
    where toStartOfHour(time) >= toStartOfHour((select min(time) from ${database}.history_inbox${local}))
        and toStartOfHour(time) <= toStartOfHour((select max(time) from ${database}.history_inbox${local}))
)
limit 1 by event_id;
