-- One row for each job that has run.
create table if not exists ${database}.executor_jobs${local}${on_cluster}
(
    time     DateTime64(6, 'UTC') comment 'when it began',
    event_id UUID comment 'the same each time it is sent',
    service  LowCardinality(String) comment 'the program',
    job      LowCardinality(String) comment 'the function',
    error    LowCardinality(String) comment 'class of the exception; empty if it raised none',
    duration Float64 comment 'in seconds'
)
engine = ${merge_tree}
partition by toYYYYMM(time)
order by (toStartOfHour(time), job, time)
${ttl_executor_jobs};

-- only on a cluster
create table if not exists ${database}.executor_jobs${on_cluster} as ${database}.executor_jobs${local}
engine = Distributed('${cluster}', '${database}', 'executor_jobs${local}', cityHash64(event_id));

create materialized view if not exists ${database}.executor_jobs_view${on_cluster}
to ${database}.executor_jobs${local} as
select
    inbox.time as time,
    inbox.event_id as event_id,
    inbox.service as service,
    inbox.attributes['executor.job.name'] as job,
    inbox.attributes['error.type'] as error,
    inbox.duration as duration
from ${new_rows} as inbox;
