-- What has been applied. Rows are added and never changed; of two of a version the later one holds.
create database if not exists ${database}${on_cluster};

create table if not exists ${database}.argus_migrations${on_cluster}
(
    version  UInt32,
    name     String,
    checksum String,
    state    LowCardinality(String) comment 'begun or applied',
    release  String comment 'the argus-otel that did it',
    cluster  String comment 'the ClickHouse cluster that the tables are spread over; empty for one server',
    at       DateTime64(6, 'UTC') default now64(6)
)
engine = ${record_engine}
order by (version, at);
