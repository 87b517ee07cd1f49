-- The ids of all rows: a row that is sent again is known by its id, and passed on once. By the hour first, as the
-- lookup of ids needs it. What the rows say is in the tables below.
create table if not exists ${database}.training_rows${local}${on_cluster}
(
    time     DateTime64(6, 'UTC') codec(Delta, ZSTD(1)),
    event    LowCardinality(String) comment 'training.points, training.run.start and so on' codec(ZSTD(1)),
    event_id UUID codec(NONE),
    service  LowCardinality(String) comment 'service.name of the program' codec(ZSTD(1)),
    run_id   String codec(ZSTD(1)),
    stored   DateTime('UTC') default now() codec(Delta, ZSTD(1))
)
engine = ${merge_tree}
partition by toYYYYMM(time)
order by (toStartOfHour(time), run_id, event)
${ttl_training_rows}
settings index_granularity = 8192;

-- Rows that were not stored before, with their attributes read. It stores nothing: the views on it fill the tables.
create table if not exists ${database}.training_new${local}${on_cluster}
(
    time       DateTime64(6, 'UTC'),
    event      LowCardinality(String),
    event_id   UUID,
    service    LowCardinality(String),
    instance   String,
    host       String,
    run_id     String,
    attempt    UInt16,
    rank       UInt16,
    phase      LowCardinality(String),
    step       Int64,
    epoch      Float64,
    steps      Array(Int64),
    epochs     Array(Float64),
    offsets    Array(Int64),
    names      Array(String),
    numbers    Array(Nullable(Float64)),
    duration   Float64,
    attributes Map(LowCardinality(String), String)
)
engine = Null;

-- One row for each event of a run but for its points: start, resume, end, lost, and ends of epochs, validations and
-- checkpoints.
create table if not exists ${database}.training_runs${local}${on_cluster}
(
    time         DateTime64(6, 'UTC') comment 'when it happened; of an end, when the run ended' codec(Delta, ZSTD(1)),
    event        LowCardinality(String) comment 'training.run.start, .resume, .end, .lost, training.epoch and so on' codec(ZSTD(1)),
    service      LowCardinality(String) comment 'service.name of the program' codec(ZSTD(1)),
    instance     String comment 'service.instance.id: that of the metrics' codec(ZSTD(1)),
    host         LowCardinality(String) comment 'host.name' codec(ZSTD(1)),
    run_id       String codec(ZSTD(1)),
    attempt      UInt16 comment '1; one more each time that the run is resumed' codec(ZSTD(1)),
    name         String codec(ZSTD(1)),
    framework    LowCardinality(String) comment 'lightning, keras, transformers, torch, loop; of an import tensorboard or mlflow' codec(ZSTD(1)),
    model        LowCardinality(String) comment 'the class' codec(ZSTD(1)),
    run_group    String comment 'such as a sweep' codec(ZSTD(1)),
    parent       String comment 'the run that it is a part of' codec(ZSTD(1)),
    outcome      LowCardinality(String) comment 'of an end: ok, stopped, guarded, interrupted or error' codec(ZSTD(1)),
    error        LowCardinality(String) comment 'error.type; empty for none' codec(ZSTD(1)),
    step         Int64 comment 'how many steps it has had' codec(ZSTD(1)),
    epoch        Float64 codec(ZSTD(1)),
    total_steps  Float64 comment 'how many it will have; 0 if that is not known' codec(ZSTD(1)),
    total_epochs Float64 comment 'likewise' codec(ZSTD(1)),
    world_size   UInt32 comment 'how many processes train together' codec(ZSTD(1)),
    config       String comment 'as JSON, redacted; may be cut' codec(ZSTD(1)),
    argv         String comment 'redacted' codec(ZSTD(1)),
    commit       String codec(ZSTD(1)),
    path         String comment 'of a checkpoint or an artifact' codec(ZSTD(1)),
    size         UInt64 comment 'of it, in bytes' codec(ZSTD(1)),
    duration     Float64 comment 'in seconds; of an end, that of the run' codec(ZSTD(1)),
    attributes   Map(LowCardinality(String), String) comment 'every other attribute, as text' codec(ZSTD(1))
)
engine = ${replacing_merge_tree}
partition by toYYYYMM(time)
order by (run_id, attempt, event, time)
${ttl_training_runs}
settings index_granularity = 8192;

-- One row for each logged value, as it was: NaN and infinities too. A step that was trained again after a resume is
-- there under both attempts. Steps that go back are kept. Within a curve, steps and epochs grow evenly: the difference of
-- differences leaves nearly nothing of them, and ZSTD(3) of an id that is repeated a tenth of what ZSTD(1) does.
create table if not exists ${database}.training_points${local}${on_cluster}
(
    time     DateTime64(6, 'UTC') codec(Delta, ZSTD(1)),
    service  LowCardinality(String) codec(ZSTD(1)),
    instance LowCardinality(String) comment 'service.instance.id: that of the metrics' codec(ZSTD(1)),
    run_id   String codec(ZSTD(3)),
    metric   LowCardinality(String) comment 'the name of the value' codec(ZSTD(1)),
    phase    LowCardinality(String) comment 'train, validation, test or sanity' codec(ZSTD(1)),
    rank     UInt16 comment 'of the process among those that train together' codec(ZSTD(1)),
    attempt  UInt16 codec(ZSTD(1)),
    step     Int64 codec(DoubleDelta, ZSTD(1)),
    epoch    Float64 codec(DoubleDelta, ZSTD(1)),
    value    Float64 codec(ZSTD(1)),
    stored   DateTime('UTC') default now() comment 'from then on it is kept: logs of long ago may be imported' codec(Delta, ZSTD(1))
)
engine = ${replacing_merge_tree}
partition by toYYYYMM(time)
order by (run_id, metric, phase, rank, attempt, step)
${ttl_training_points}
settings index_granularity = 8192;

-- The curves that outlive the points: one row for each hundred steps of a day.
create table if not exists ${database}.training_curves${local}${on_cluster}
(
    day       Date codec(ZSTD(1)),
    run_id    String codec(ZSTD(1)),
    metric    LowCardinality(String) codec(ZSTD(1)),
    phase     LowCardinality(String) codec(ZSTD(1)),
    rank      UInt16 codec(ZSTD(1)),
    attempt   UInt16 codec(ZSTD(1)),
    block     Int64 comment 'the steps from 100 times it on' codec(Delta, ZSTD(1)),
    count     SimpleAggregateFunction(sum, UInt64) comment 'how many values' codec(ZSTD(1)),
    nonfinite SimpleAggregateFunction(sum, UInt64) comment 'how many of them are infinite or not a number' codec(ZSTD(1)),
    low       SimpleAggregateFunction(min, Float64) comment 'of finite values; inf for none' codec(ZSTD(1)),
    high      SimpleAggregateFunction(max, Float64) comment 'likewise; -inf for none' codec(ZSTD(1)),
    total     SimpleAggregateFunction(sum, Float64) comment 'the sum of finite values' codec(ZSTD(1)),
    last      SimpleAggregateFunction(max, Tuple(Int64, Float64)) comment 'the greatest step, and its value' codec(ZSTD(1)),
    epoch     SimpleAggregateFunction(max, Float64) codec(ZSTD(1)),
    began     SimpleAggregateFunction(min, DateTime64(6, 'UTC')) codec(ZSTD(1)),
    ended     SimpleAggregateFunction(max, DateTime64(6, 'UTC')) codec(ZSTD(1))
)
engine = ${aggregating_merge_tree}
partition by toYYYYMM(day)
order by (run_id, metric, phase, rank, attempt, block, day)
${ttl_training_curves}
settings index_granularity = 8192;

-- only on a cluster
create table if not exists ${database}.training_rows${on_cluster} as ${database}.training_rows${local}
engine = Distributed('${cluster}', '${database}', 'training_rows${local}', cityHash64(run_id));

-- only on a cluster
create table if not exists ${database}.training_runs${on_cluster} as ${database}.training_runs${local}
engine = Distributed('${cluster}', '${database}', 'training_runs${local}', cityHash64(run_id));

-- only on a cluster
create table if not exists ${database}.training_points${on_cluster} as ${database}.training_points${local}
engine = Distributed('${cluster}', '${database}', 'training_points${local}', cityHash64(run_id));

-- only on a cluster
create table if not exists ${database}.training_curves${on_cluster} as ${database}.training_curves${local}
engine = Distributed('${cluster}', '${database}', 'training_curves${local}', cityHash64(run_id));
