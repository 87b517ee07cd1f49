-- One row for each run of a graph, each node in it, each finding, and each evaluation. By the hour first, as the engine's
-- lookup of stored ids needs it; then by graph and run.
create table if not exists ${database}.graphs_events${local}${on_cluster}
(
    time            DateTime64(6, 'UTC') comment 'when the run began, or the evaluation was made; of other rows, about when it ended' codec(Delta, ZSTD(1)),
    event           LowCardinality(String) comment 'graph.run, .node, .finding or .evaluation' codec(ZSTD(1)),
    event_id        UUID codec(NONE),
    service         LowCardinality(String) comment 'service.name of the program' codec(ZSTD(1)),
    run_id          UUID comment 'the same on all rows of a run' codec(ZSTD(1)),
    graph           LowCardinality(String) comment 'its name' codec(ZSTD(1)),
    node            LowCardinality(String) comment 'its name; empty for the run as a whole' codec(ZSTD(1)),
    outcome         LowCardinality(String) comment 'ok, interrupted, error, cancelled, abandoned or limit' codec(ZSTD(1)),
    error           LowCardinality(String) comment 'error.type; empty for none' codec(ZSTD(1)),
    duration        Float64 comment 'in seconds' codec(ZSTD(1)),
    thread          String comment 'thread_id of the configuration; empty for none; the same on all rows of a run' codec(ZSTD(1)),
    trace_id        String comment 'of a run that was sampled; else empty' codec(ZSTD(1)),
    operation       LowCardinality(String) comment 'invoke_workflow or invoke_agent' codec(ZSTD(1)),
    steps           UInt32 comment 'of a run' codec(ZSTD(1)),
    nodes           UInt32 comment 'of a run, those of graphs in nodes too' codec(ZSTD(1)),
    inference_calls UInt32 comment 'calls of models, those of graphs in nodes too' codec(ZSTD(1)),
    tool_calls      UInt32 comment 'likewise' codec(ZSTD(1)),
    findings        UInt32 comment 'of a run, but for info' codec(ZSTD(1)),
    errors          UInt32 comment 'of a run, the findings that are errors' codec(ZSTD(1)),
    input_tokens    Nullable(UInt64) comment 'null if no provider has said' codec(ZSTD(1)),
    output_tokens   Nullable(UInt64) comment 'likewise' codec(ZSTD(1)),
    number          Int32 comment 'the place of a node in its run, from 0; -1 for the run as a whole' codec(ZSTD(1)),
    after           Array(Int32) comment 'the places of the nodes that led to it' codec(ZSTD(1)),
    above           Int32 comment 'the place of the node whose graph it is in; -1 at the top' codec(ZSTD(1)),
    step            UInt32 comment 'of a node' codec(ZSTD(1)),
    began           Float64 comment 'of a node, in seconds after its run' codec(ZSTD(1)),
    attempts        UInt16 comment 'of a node, under a retry policy' codec(ZSTD(1)),
    routes          Array(String) comment 'the nodes that it led to' codec(ZSTD(1)),
    keys            Array(String) comment 'that it wrote; … if there are more' codec(ZSTD(1)),
    types           Array(String) comment 'of these, in their order' codec(ZSTD(1)),
    lengths         Array(Int64) comment 'of these; -1 for what has none' codec(ZSTD(1)),
    tools           Array(String) comment 'that it called; ! after one that failed' codec(ZSTD(1)),
    rule            LowCardinality(String) comment 'of a finding' codec(ZSTD(1)),
    severity        LowCardinality(String) comment 'info, warn or error' codec(ZSTD(1)),
    key             LowCardinality(String) comment 'of the state, or a tool, that a finding is about' codec(ZSTD(1)),
    cause_node      LowCardinality(String) comment 'the node that caused it; empty if it shows where it is' codec(ZSTD(1)),
    cause_step      UInt32 codec(ZSTD(1)),
    cause_kind      LowCardinality(String) comment 'empty, mistyped, misnamed, missing, swallowed or own' codec(ZSTD(1)),
    path            String comment 'the nodes from the cause to where it shows' codec(ZSTD(1)),
    confidence      LowCardinality(String) comment 'declared, observed or inferred' codec(ZSTD(1)),
    evaluation      LowCardinality(String) comment 'the name of an evaluation' codec(ZSTD(1)),
    score           Nullable(Float64) comment 'of an evaluation; null if it has none' codec(ZSTD(1)),
    label           LowCardinality(Nullable(String)) comment 'likewise' codec(ZSTD(1)),
    explanation     String comment 'of an evaluation; empty unless content is captured' codec(ZSTD(1)),
    attributes      Map(LowCardinality(String), String) comment 'every other attribute, as text' codec(ZSTD(1))
)
engine = ${merge_tree}
partition by toYYYYMM(time)
order by (toStartOfHour(time), graph, run_id, event, number)
${ttl_graphs_events}
settings index_granularity = 8192;

-- only on a cluster
create table if not exists ${database}.graphs_events${on_cluster} as ${database}.graphs_events${local}
engine = Distributed('${cluster}', '${database}', 'graphs_events${local}', cityHash64(run_id));
