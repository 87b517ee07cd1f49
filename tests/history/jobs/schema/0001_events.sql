create table if not exists ${database}.jobs_events${local}${on_cluster}
(
    time DateTime64(6, 'UTC'), event_id UUID, event LowCardinality(String), pool String, worker UInt64, owner String,
    attributes Map(LowCardinality(String), String)
)
engine = ${merge_tree}
order by (toStartOfHour(time), worker)
${ttl_jobs_events};

create table if not exists ${database}.jobs_daily${local}${on_cluster}
(
    day Date, worker UInt64, count SimpleAggregateFunction(sum, UInt64), owners AggregateFunction(uniqIf, String, UInt8)
)
engine = ${aggregating_merge_tree}
order by (worker, day);

create materialized view if not exists ${database}.jobs_daily_view${on_cluster}
to ${database}.jobs_daily${local} as ${rollup_jobs_daily};

create materialized view if not exists ${database}.jobs_events_view${on_cluster}
to ${database}.jobs_events${local} as
select
    new.time as time, new.event_id as event_id, new.event as event, new.resource['jobs.pool'] as pool,
    toUInt64OrZero(new.attributes['jobs.worker']) as worker, new.attributes['jobs.owner'] as owner,
    new.attributes as attributes
from ${new_rows} as new;
