-- Which migrations were applied. Rows are added and never changed; of two of a version the later one holds.
create database if not exists ${database}${on_cluster};

create table if not exists ${database}.argus_migrations${on_cluster}
(
    model    LowCardinality(String) comment 'of a source; empty for those of the engine',
    version  UInt32,
    name     String,
    checksum String,
    state    LowCardinality(String) comment 'begun or applied',
    release  String comment 'the argus-otel that applied it',
    cluster  String comment 'the ClickHouse cluster that the tables are spread over; empty for one server',
    at       DateTime64(6, 'UTC') default now64(6)
)
engine = ${record_engine}
order by (model, version, at);

-- Which events each model claims; of two rows of a model the later one holds.
create table if not exists ${database}.argus_claims${on_cluster}
(
    model      LowCardinality(String),
    prefixes   Array(String) comment 'first words of names of events',
    attributes Array(String) comment 'names of attributes, any of which is enough',
    at         DateTime64(6, 'UTC') default now64(6)
)
engine = ${record_engine}
order by (model, at);
