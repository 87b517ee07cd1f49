-- Changes of status and told states, by check and time. Few, and kept for ever: how long a check was up is worked out
-- from them. Rows that are equal but for their id are one.
create table if not exists ${database}.checks_status${local}${on_cluster}
(
    time      DateTime64(6, 'UTC') codec(Delta, ZSTD(1)),
    event     LowCardinality(String) codec(ZSTD(1)),
    location  LowCardinality(String) codec(ZSTD(1)),
    name      LowCardinality(String) codec(ZSTD(1)),
    type      LowCardinality(String) codec(ZSTD(1)),
    service   LowCardinality(String) codec(ZSTD(1)),
    muted     LowCardinality(String) codec(ZSTD(1)),
    error     LowCardinality(String) codec(ZSTD(1)),
    state     LowCardinality(String) codec(ZSTD(1)),
    before    LowCardinality(String) codec(ZSTD(1)),
    since     DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
    holds     UInt32 codec(ZSTD(1)),
    condition String codec(ZSTD(1)),
    count     SimpleAggregateFunction(sum, UInt64) codec(ZSTD(1))
)
engine = ${aggregating_merge_tree}
partition by toYYYYMM(time)
order by (name, location, time, event, state, before, since, holds, muted, error, condition, type, service)
${ttl_checks_status};

-- Runs by hour and by day of their slots, which outlive the runs. Durations are counted in buckets: N is from
-- 1.02^(N-1) to 1.02^N seconds.
create table if not exists ${database}.checks_hourly${local}${on_cluster}
(
    hour DateTime('UTC') codec(Delta, ZSTD(1)),
    location LowCardinality(String) codec(ZSTD(1)),
    name LowCardinality(String) codec(ZSTD(1)),
    type LowCardinality(String) codec(ZSTD(1)),
    service LowCardinality(String) codec(ZSTD(1)),
    muted LowCardinality(String) codec(ZSTD(1)),
    outcome LowCardinality(String) codec(ZSTD(1)),
    error LowCardinality(String) codec(ZSTD(1)),
    count SimpleAggregateFunction(sum, UInt64) comment 'how many' codec(ZSTD(1)),
    retries SimpleAggregateFunction(sum, UInt64) comment 'attempts beyond the first of a run' codec(ZSTD(1)),
    disturbed SimpleAggregateFunction(sum, UInt64) comment 'runs that the agent was too slow for' codec(ZSTD(1)),
    duration_sum SimpleAggregateFunction(sum, Float64) comment 'in seconds' codec(ZSTD(1)),
    duration_max SimpleAggregateFunction(max, Float64) comment 'in seconds' codec(ZSTD(1)),
    durations SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) codec(ZSTD(1))
)
engine = ${aggregating_merge_tree}
partition by toYYYYMM(hour)
order by (name, location, type, service, muted, outcome, error, hour)
${ttl_checks_hourly};

create table if not exists ${database}.checks_daily${local}${on_cluster}
(
    day Date codec(Delta, ZSTD(1)),
    location LowCardinality(String) codec(ZSTD(1)),
    name LowCardinality(String) codec(ZSTD(1)),
    type LowCardinality(String) codec(ZSTD(1)),
    service LowCardinality(String) codec(ZSTD(1)),
    muted LowCardinality(String) codec(ZSTD(1)),
    outcome LowCardinality(String) codec(ZSTD(1)),
    error LowCardinality(String) codec(ZSTD(1)),
    count SimpleAggregateFunction(sum, UInt64) comment 'how many' codec(ZSTD(1)),
    retries SimpleAggregateFunction(sum, UInt64) comment 'attempts beyond the first of a run' codec(ZSTD(1)),
    disturbed SimpleAggregateFunction(sum, UInt64) comment 'runs that the agent was too slow for' codec(ZSTD(1)),
    duration_sum SimpleAggregateFunction(sum, Float64) comment 'in seconds' codec(ZSTD(1)),
    duration_max SimpleAggregateFunction(max, Float64) comment 'in seconds' codec(ZSTD(1)),
    durations SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) codec(ZSTD(1))
)
engine = ${aggregating_merge_tree}
partition by toYYYYMM(day)
order by (name, location, type, service, muted, outcome, error, day)
${ttl_checks_daily};

-- only on a cluster
create table if not exists ${database}.checks_status${on_cluster} as ${database}.checks_status${local}
engine = Distributed('${cluster}', '${database}', 'checks_status${local}', cityHash64(name));

-- only on a cluster
create table if not exists ${database}.checks_hourly${on_cluster} as ${database}.checks_hourly${local}
engine = Distributed('${cluster}', '${database}', 'checks_hourly${local}', cityHash64(name));

-- only on a cluster
create table if not exists ${database}.checks_daily${on_cluster} as ${database}.checks_daily${local}
engine = Distributed('${cluster}', '${database}', 'checks_daily${local}', cityHash64(name));

-- Views come last, and the one on the inbox last of all: no event is stored before every rollup sees it.
create materialized view if not exists ${database}.checks_status_view${on_cluster}
to ${database}.checks_status${local} as ${rollup_checks_status};

create materialized view if not exists ${database}.checks_hourly_view${on_cluster}
to ${database}.checks_hourly${local} as ${rollup_checks_hourly};

create materialized view if not exists ${database}.checks_daily_view${on_cluster}
to ${database}.checks_daily${local} as ${rollup_checks_daily};

create materialized view if not exists ${database}.checks_events_view${on_cluster}
to ${database}.checks_events${local} as
select
    inbox.time as time,
    inbox.event as event,
    inbox.event_id as event_id,
    inbox.service as agent,
    inbox.resource['argus.check.location'] as location,
    inbox.attributes['argus.check.name'] as name,
    inbox.attributes['argus.check.type'] as type,
    inbox.attributes['service.peer.name'] as service,
    inbox.attributes['argus.check.muted'] as muted,
    inbox.attributes['error.type'] as error,
    fromUnixTimestamp64Milli(
        if(
            toInt64OrZero(inbox.attributes['argus.check.slot']) > 0,
            toInt64OrZero(inbox.attributes['argus.check.slot']),
            toUnixTimestamp64Milli(toDateTime64(inbox.time, 3, 'UTC'))
        ),
        'UTC'
    ) as slot,
    inbox.attributes['argus.check.outcome'] as outcome,
    inbox.duration as duration,
    toFloat32OrNull(inbox.attributes['argus.check.phase.dns']) as dns,
    toFloat32OrNull(inbox.attributes['argus.check.phase.connect']) as connect,
    toFloat32OrNull(inbox.attributes['argus.check.phase.tls']) as tls,
    toFloat32OrNull(inbox.attributes['argus.check.phase.send']) as send,
    toFloat32OrNull(inbox.attributes['argus.check.phase.first_byte']) as first_byte,
    toFloat32OrNull(inbox.attributes['argus.check.phase.transfer']) as transfer,
    toUInt16OrZero(inbox.attributes['argus.check.attempts']) as attempts,
    inbox.attributes['argus.check.disturbed'] = 'true' as disturbed,
    toUInt16OrZero(inbox.attributes['http.response.status_code']) as status,
    inbox.attributes['argus.check.state'] as state,
    inbox.attributes['argus.check.state.before'] as before,
    fromUnixTimestamp64Milli(toInt64OrZero(inbox.attributes['argus.check.since']), 'UTC') as since,
    toUInt32OrZero(inbox.attributes['argus.check.state.holds']) as holds,
    inbox.attributes['argus.check.condition'] as condition,
    mapFromArrays(
        arrayFilter(
            name -> name not in (
                'argus.check.name', 'argus.check.type', 'service.peer.name', 'argus.check.muted', 'error.type',
                'argus.check.slot', 'argus.check.outcome', 'argus.check.phase.dns', 'argus.check.phase.connect',
                'argus.check.phase.tls', 'argus.check.phase.send', 'argus.check.phase.first_byte',
                'argus.check.phase.transfer', 'argus.check.attempts', 'argus.check.disturbed',
                'http.response.status_code', 'argus.check.state', 'argus.check.state.before', 'argus.check.since',
                'argus.check.state.holds', 'argus.check.condition'
            ),
            mapKeys(inbox.attributes)
        ),
        arrayFilter(
            (value, name) -> name not in (
                'argus.check.name', 'argus.check.type', 'service.peer.name', 'argus.check.muted', 'error.type',
                'argus.check.slot', 'argus.check.outcome', 'argus.check.phase.dns', 'argus.check.phase.connect',
                'argus.check.phase.tls', 'argus.check.phase.send', 'argus.check.phase.first_byte',
                'argus.check.phase.transfer', 'argus.check.attempts', 'argus.check.disturbed',
                'http.response.status_code', 'argus.check.state', 'argus.check.state.before', 'argus.check.since',
                'argus.check.state.holds', 'argus.check.condition'
            ),
            mapValues(inbox.attributes),
            mapKeys(inbox.attributes)
        )
    ) as attributes
from ${new_rows} as inbox;
