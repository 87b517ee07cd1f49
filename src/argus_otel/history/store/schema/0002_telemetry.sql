-- Logs and traces, as the Collector's exporter for ClickHouse v0.161.0 inserts them (by the names of these columns):
-- https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/v0.161.0/exporter/clickhouseexporter
create table if not exists ${database}.otel_logs${local}${on_cluster}
(
    Timestamp DateTime64(9) codec(Delta, ZSTD(1)),
    TraceId String codec(ZSTD(1)),
    SpanId String codec(ZSTD(1)),
    TraceFlags UInt8 codec(ZSTD(1)),
    SeverityText LowCardinality(String) codec(ZSTD(1)),
    SeverityNumber UInt8 codec(ZSTD(1)),
    ServiceName LowCardinality(String) codec(ZSTD(1)),
    Body String codec(ZSTD(1)),
    ResourceSchemaUrl LowCardinality(String) codec(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) codec(ZSTD(1)),
    ScopeSchemaUrl LowCardinality(String) codec(ZSTD(1)),
    ScopeName String codec(ZSTD(1)),
    ScopeVersion LowCardinality(String) codec(ZSTD(1)),
    ScopeAttributes Map(LowCardinality(String), String) codec(ZSTD(1)),
    LogAttributes Map(LowCardinality(String), String) codec(ZSTD(1)),
    EventName LowCardinality(String) codec(ZSTD(1)),
    index by_trace TraceId type bloom_filter(0.001) granularity 1,
    index by_log_key mapKeys(LogAttributes) type bloom_filter(0.01) granularity 1,
    index by_log_value mapValues(LogAttributes) type bloom_filter(0.01) granularity 1,
    index by_word lower(Body) type tokenbf_v1(32768, 3, 0) granularity 8
)
engine = ${merge_tree}
partition by toDate(Timestamp)
order by (ServiceName, toStartOfFiveMinutes(Timestamp), SeverityNumber, Timestamp)
${ttl_otel_logs}
settings index_granularity = 8192, ttl_only_drop_parts = 1;

create table if not exists ${database}.otel_traces${local}${on_cluster}
(
    Timestamp DateTime64(9) codec(Delta, ZSTD(1)),
    TraceId String codec(ZSTD(1)),
    SpanId String codec(ZSTD(1)),
    ParentSpanId String codec(ZSTD(1)),
    TraceState String codec(ZSTD(1)),
    SpanName LowCardinality(String) codec(ZSTD(1)),
    SpanKind LowCardinality(String) codec(ZSTD(1)),
    ServiceName LowCardinality(String) codec(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) codec(ZSTD(1)),
    ScopeName String codec(ZSTD(1)),
    ScopeVersion String codec(ZSTD(1)),
    SpanAttributes Map(LowCardinality(String), String) codec(ZSTD(1)),
    Duration UInt64 comment 'in nanoseconds' codec(ZSTD(1)),
    StatusCode LowCardinality(String) codec(ZSTD(1)),
    StatusMessage String codec(ZSTD(1)),
    Events Nested (
        Timestamp DateTime64(9),
        Name LowCardinality(String),
        Attributes Map(LowCardinality(String), String)
    ) codec(ZSTD(1)),
    Links Nested (
        TraceId String,
        SpanId String,
        TraceState String,
        Attributes Map(LowCardinality(String), String)
    ) codec(ZSTD(1)),
    index by_trace TraceId type bloom_filter(0.001) granularity 1,
    index by_span_key mapKeys(SpanAttributes) type bloom_filter(0.01) granularity 1,
    index by_span_value mapValues(SpanAttributes) type bloom_filter(0.01) granularity 1,
    index by_duration Duration type minmax granularity 1
)
engine = ${merge_tree}
partition by toDate(Timestamp)
order by (ServiceName, SpanName, toDateTime(Timestamp), TraceId)
${ttl_otel_traces}
settings index_granularity = 8192, ttl_only_drop_parts = 1;

-- When each trace was: Grafana looks this up before it reads the trace itself.
create table if not exists ${database}.otel_traces_trace_id_ts${local}${on_cluster}
(
    TraceId String codec(ZSTD(1)),
    Start DateTime codec(Delta, ZSTD(1)),
    End DateTime codec(Delta, ZSTD(1))
)
engine = ${merge_tree}
partition by toDate(Start)
order by (TraceId, Start)
${ttl_otel_traces_trace_id_ts}
settings index_granularity = 8192, ttl_only_drop_parts = 1;

create materialized view if not exists ${database}.otel_traces_trace_id_ts_mv${on_cluster}
to ${database}.otel_traces_trace_id_ts${local} as
select TraceId, min(Timestamp) as Start, max(Timestamp) as End
from ${database}.otel_traces${local}
where TraceId != ''
group by TraceId;

-- only on a cluster
create table if not exists ${database}.otel_logs${on_cluster} as ${database}.otel_logs${local}
engine = Distributed('${cluster}', '${database}', 'otel_logs${local}', cityHash64(TraceId, Timestamp));

-- only on a cluster: all spans of a trace are on one shard
create table if not exists ${database}.otel_traces${on_cluster} as ${database}.otel_traces${local}
engine = Distributed('${cluster}', '${database}', 'otel_traces${local}', cityHash64(TraceId));

-- only on a cluster
create table if not exists ${database}.otel_traces_trace_id_ts${on_cluster}
as ${database}.otel_traces_trace_id_ts${local}
engine = Distributed('${cluster}', '${database}', 'otel_traces_trace_id_ts${local}', cityHash64(TraceId));
