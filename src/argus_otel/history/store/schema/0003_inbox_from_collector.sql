-- History by way of a Collector: log records with the attribute argus.history.id, inserted by the same exporter with
-- `logs_table_name: otel_history_inbox`. They become rows of history_inbox, and are not stored otherwise.
create table if not exists ${database}.otel_history_inbox${on_cluster}
(
    Timestamp DateTime64(9),
    TraceId String,
    SpanId String,
    TraceFlags UInt8,
    SeverityText LowCardinality(String),
    SeverityNumber UInt8,
    ServiceName LowCardinality(String),
    Body String,
    ResourceSchemaUrl LowCardinality(String),
    ResourceAttributes Map(LowCardinality(String), String),
    ScopeSchemaUrl LowCardinality(String),
    ScopeName String,
    ScopeVersion LowCardinality(String),
    ScopeAttributes Map(LowCardinality(String), String),
    LogAttributes Map(LowCardinality(String), String),
    EventName LowCardinality(String)
)
engine = Null;

-- An id that is no UUID becomes one, always the same: its row is neither lost nor stored twice. Maps are filtered by
-- their arrays, since small engines have no mapFilter.
create materialized view if not exists ${database}.otel_history_view${on_cluster} to ${database}.history_inbox as
select
    toDateTime64(Timestamp, 6, 'UTC') as time,
    if(LogAttributes['event.name'] != '', LogAttributes['event.name'], toString(EventName)) as event,
    ifNull(
        toUUIDOrNull(LogAttributes['argus.history.id']),
        reinterpretAsUUID(MD5(LogAttributes['argus.history.id']))
    ) as event_id,
    ServiceName as service,
    mapFromArrays(
        arrayFilter(name -> name != 'service.name', mapKeys(ResourceAttributes)),
        arrayFilter((value, name) -> name != 'service.name', mapValues(ResourceAttributes), mapKeys(ResourceAttributes))
    ) as resource,
    toFloat64OrZero(LogAttributes['argus.history.duration']) as duration,
    mapFromArrays(
        arrayFilter(
            name -> name not in ('event.name', 'argus.history.id', 'argus.history.duration'), mapKeys(LogAttributes)
        ),
        arrayFilter(
            (value, name) -> name not in ('event.name', 'argus.history.id', 'argus.history.duration'),
            mapValues(LogAttributes),
            mapKeys(LogAttributes)
        )
    ) as attributes
from ${database}.otel_history_inbox
where LogAttributes['argus.history.id'] != '';
