-- Rows of history are inserted into history_inbox, which stores nothing. Each model has a view on it, which passes on
-- the rows that the model claims and has not stored yet: so whatever hangs on a model's table, rollups included, sees
-- each row once however often it is sent.
create table if not exists ${database}.history_inbox${local}${on_cluster}
(
    time       DateTime64(6, 'UTC'),
    event      LowCardinality(String),
    event_id   UUID,
    service    LowCardinality(String),
    resource   Map(LowCardinality(String), String),
    duration   Float64,
    attributes Map(LowCardinality(String), String)
)
engine = Null;

-- Events that no model claims. By the hour first, for the lookup of ids that are stored already reads the hours of one
-- insert only. The ids do not compress.
create table if not exists ${database}.history_unclaimed${local}${on_cluster}
(
    time       DateTime64(6, 'UTC') comment 'when it began' codec(Delta, ZSTD(1)),
    event      LowCardinality(String) comment 'its name' codec(ZSTD(1)),
    event_id   UUID comment 'the same however often it is sent' codec(NONE),
    service    LowCardinality(String) comment 'service.name of the resource' codec(ZSTD(1)),
    resource   Map(LowCardinality(String), String) comment 'other attributes of the resource' codec(ZSTD(1)),
    duration   Float64 comment 'in seconds; 0 for none' codec(ZSTD(1)),
    attributes Map(LowCardinality(String), String) comment 'of the event, as text' codec(ZSTD(1))
)
engine = ${merge_tree}
partition by toYYYYMM(time)
order by (toStartOfHour(time), event, time)
${ttl_history_unclaimed}
settings index_granularity = 8192;

-- only on a cluster: an event's id decides on its shard, so that a row that is sent again meets itself
create table if not exists ${database}.history_inbox${on_cluster} as ${database}.history_inbox${local}
engine = Distributed('${cluster}', '${database}', 'history_inbox${local}', cityHash64(event_id));

-- only on a cluster
create table if not exists ${database}.history_unclaimed${on_cluster} as ${database}.history_unclaimed${local}
engine = Distributed('${cluster}', '${database}', 'history_unclaimed${local}', cityHash64(event_id));

create materialized view if not exists ${database}.history_unclaimed_view${on_cluster}
to ${database}.history_unclaimed${local} as
select * from ${new_rows};
