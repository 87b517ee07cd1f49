-- Runs and nodes by the hour, which outlive them. Durations are counted in buckets: N is from 1.02^(N-1) to 1.02^N
-- seconds.
create table if not exists ${database}.graphs_hourly${local}${on_cluster}
(
    hour DateTime('UTC') codec(Delta, ZSTD(1)),
    event LowCardinality(String) comment 'graph.run or .node' codec(ZSTD(1)),
    service LowCardinality(String) codec(ZSTD(1)),
    graph LowCardinality(String) codec(ZSTD(1)),
    node LowCardinality(String) codec(ZSTD(1)),
    outcome LowCardinality(String) codec(ZSTD(1)),
    error LowCardinality(String) codec(ZSTD(1)),
    count SimpleAggregateFunction(sum, UInt64) comment 'how many' codec(ZSTD(1)),
    duration_sum SimpleAggregateFunction(sum, Float64) comment 'in seconds' codec(ZSTD(1)),
    duration_max SimpleAggregateFunction(max, Float64) comment 'in seconds' codec(ZSTD(1)),
    input_tokens SimpleAggregateFunction(sum, UInt64) codec(ZSTD(1)),
    output_tokens SimpleAggregateFunction(sum, UInt64) codec(ZSTD(1)),
    durations SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) codec(ZSTD(1))
)
engine = ${aggregating_merge_tree}
partition by toYYYYMM(hour)
order by (graph, node, event, service, outcome, error, hour)
${ttl_graphs_hourly};

-- Evaluations by the hour, likewise.
create table if not exists ${database}.graphs_evaluations_hourly${local}${on_cluster}
(
    hour DateTime('UTC') codec(Delta, ZSTD(1)),
    service LowCardinality(String) codec(ZSTD(1)),
    graph LowCardinality(String) codec(ZSTD(1)),
    node LowCardinality(String) comment 'empty for the run as a whole' codec(ZSTD(1)),
    evaluation LowCardinality(String) comment 'its name' codec(ZSTD(1)),
    error LowCardinality(String) comment 'error.type of a validator that failed itself; else empty' codec(ZSTD(1)),
    count SimpleAggregateFunction(sum, UInt64) comment 'how many' codec(ZSTD(1)),
    scored SimpleAggregateFunction(sum, UInt64) comment 'how many have a score' codec(ZSTD(1)),
    score_sum SimpleAggregateFunction(sum, Float64) comment 'of these' codec(ZSTD(1)),
    labels SimpleAggregateFunction(sumMap, Map(String, UInt64)) comment 'how many have which label' codec(ZSTD(1))
)
engine = ${aggregating_merge_tree}
partition by toYYYYMM(hour)
order by (graph, node, evaluation, service, error, hour)
${ttl_graphs_evaluations_hourly};

-- only on a cluster
create table if not exists ${database}.graphs_hourly${on_cluster} as ${database}.graphs_hourly${local}
engine = Distributed('${cluster}', '${database}', 'graphs_hourly${local}', cityHash64(graph));

-- only on a cluster
create table if not exists ${database}.graphs_evaluations_hourly${on_cluster}
as ${database}.graphs_evaluations_hourly${local}
engine = Distributed('${cluster}', '${database}', 'graphs_evaluations_hourly${local}', cityHash64(graph));

-- Views come last, and the one on the inbox last of all: no event is stored before every rollup sees it.
create materialized view if not exists ${database}.graphs_hourly_view${on_cluster}
to ${database}.graphs_hourly${local} as ${rollup_graphs_hourly};

create materialized view if not exists ${database}.graphs_evaluations_hourly_view${on_cluster}
to ${database}.graphs_evaluations_hourly${local} as ${rollup_graphs_evaluations_hourly};

create materialized view if not exists ${database}.graphs_events_view${on_cluster}
to ${database}.graphs_events${local} as
select
    inbox.time as time,
    inbox.event as event,
    inbox.event_id as event_id,
    inbox.service as service,
    toUUIDOrZero(inbox.attributes['graph.run.id']) as run_id,
    inbox.attributes['graph.name'] as graph,
    inbox.attributes['graph.node.name'] as node,
    inbox.attributes['graph.outcome'] as outcome,
    inbox.attributes['error.type'] as error,
    inbox.duration as duration,
    inbox.attributes['gen_ai.conversation.id'] as thread,
    inbox.attributes['graph.run.trace_id'] as trace_id,
    inbox.attributes['gen_ai.operation.name'] as operation,
    toUInt32OrZero(inbox.attributes['graph.run.steps']) as steps,
    toUInt32OrZero(inbox.attributes['graph.run.nodes']) as nodes,
    toUInt32OrZero(inbox.attributes['graph.run.inference_calls']) as inference_calls,
    toUInt32OrZero(inbox.attributes['graph.run.tool_calls']) as tool_calls,
    toUInt32OrZero(inbox.attributes['graph.run.findings']) as findings,
    toUInt32OrZero(inbox.attributes['graph.run.errors']) as errors,
    toUInt64OrNull(inbox.attributes['gen_ai.usage.input_tokens']) as input_tokens,
    toUInt64OrNull(inbox.attributes['gen_ai.usage.output_tokens']) as output_tokens,
    ifNull(toInt32OrNull(inbox.attributes['graph.node.number']), -1) as number,
    arrayMap(
        place -> toInt32OrZero(place),
        arrayFilter(place -> isNotNull(toInt32OrNull(place)), splitByChar(',', inbox.attributes['graph.node.after']))
    ) as after,
    ifNull(toInt32OrNull(inbox.attributes['graph.node.above']), -1) as above,
    toUInt32OrZero(inbox.attributes['graph.step']) as step,
    toFloat64OrZero(inbox.attributes['graph.node.began']) as began,
    toUInt16OrZero(inbox.attributes['graph.attempts']) as attempts,
    arrayFilter(name -> name != '', splitByChar(',', inbox.attributes['graph.route'])) as routes,
    arrayMap(
        shape -> splitByChar(':', shape)[1],
        arrayFilter(shape -> shape != '', splitByChar(',', inbox.attributes['graph.node.shapes']))
    ) as keys,
    arrayMap(
        shape -> splitByChar(':', shape)[2],
        arrayFilter(shape -> shape != '', splitByChar(',', inbox.attributes['graph.node.shapes']))
    ) as types,
    arrayMap(
        shape -> ifNull(toInt64OrNull(splitByChar(':', shape)[3]), -1),
        arrayFilter(shape -> shape != '', splitByChar(',', inbox.attributes['graph.node.shapes']))
    ) as lengths,
    arrayFilter(name -> name != '', splitByChar(',', inbox.attributes['graph.node.tools'])) as tools,
    inbox.attributes['graph.detection.id'] as rule,
    inbox.attributes['graph.detection.severity'] as severity,
    inbox.attributes['graph.key'] as key,
    inbox.attributes['graph.cause.node'] as cause_node,
    toUInt32OrZero(inbox.attributes['graph.cause.step']) as cause_step,
    inbox.attributes['graph.cause.kind'] as cause_kind,
    inbox.attributes['graph.path'] as path,
    inbox.attributes['graph.confidence'] as confidence,
    inbox.attributes['gen_ai.evaluation.name'] as evaluation,
    toFloat64OrNull(inbox.attributes['gen_ai.evaluation.score.value']) as score,
    nullIf(inbox.attributes['gen_ai.evaluation.score.label'], '') as label,
    inbox.attributes['gen_ai.evaluation.explanation'] as explanation,
    mapFromArrays(
        arrayFilter(
            name -> name not in (
                'graph.run.id', 'graph.name', 'graph.node.name', 'graph.outcome', 'error.type',
                'gen_ai.conversation.id', 'graph.run.trace_id', 'gen_ai.operation.name', 'graph.run.steps',
                'graph.run.nodes', 'graph.run.inference_calls', 'graph.run.tool_calls', 'graph.run.findings',
                'graph.run.errors', 'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens', 'graph.node.number',
                'graph.node.after', 'graph.node.above', 'graph.step', 'graph.node.began', 'graph.attempts',
                'graph.route', 'graph.node.shapes', 'graph.node.tools', 'graph.detection.id',
                'graph.detection.severity', 'graph.key', 'graph.cause.node', 'graph.cause.step', 'graph.cause.kind',
                'graph.path', 'graph.confidence', 'gen_ai.evaluation.name', 'gen_ai.evaluation.score.value',
                'gen_ai.evaluation.score.label', 'gen_ai.evaluation.explanation'
            ),
            mapKeys(inbox.attributes)
        ),
        arrayFilter(
            (value, name) -> name not in (
                'graph.run.id', 'graph.name', 'graph.node.name', 'graph.outcome', 'error.type',
                'gen_ai.conversation.id', 'graph.run.trace_id', 'gen_ai.operation.name', 'graph.run.steps',
                'graph.run.nodes', 'graph.run.inference_calls', 'graph.run.tool_calls', 'graph.run.findings',
                'graph.run.errors', 'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens', 'graph.node.number',
                'graph.node.after', 'graph.node.above', 'graph.step', 'graph.node.began', 'graph.attempts',
                'graph.route', 'graph.node.shapes', 'graph.node.tools', 'graph.detection.id',
                'graph.detection.severity', 'graph.key', 'graph.cause.node', 'graph.cause.step', 'graph.cause.kind',
                'graph.path', 'graph.confidence', 'gen_ai.evaluation.name', 'gen_ai.evaluation.score.value',
                'gen_ai.evaluation.score.label', 'gen_ai.evaluation.explanation'
            ),
            mapValues(inbox.attributes),
            mapKeys(inbox.attributes)
        )
    ) as attributes
from ${new_rows} as inbox;
