-- Views come last, and the one on the inbox last of all: no row is known before every table sees it.
create materialized view if not exists ${database}.training_rows_view${on_cluster}
to ${database}.training_rows${local} as
select time, event, event_id, service, run_id from ${database}.training_new${local};

create materialized view if not exists ${database}.training_points_view${on_cluster}
to ${database}.training_points${local} as
select
    at as time, service, instance, run_id, metric, phase, rank, attempt, of_step as step, of_epoch as epoch,
    assumeNotNull(number) as value
from ${database}.training_new${local}
array join
    arrayFlatten(arrayMap(offset -> arrayMap(name -> time + toIntervalMicrosecond(offset), names), offsets)) as at,
    arrayFlatten(arrayMap(each -> names, steps)) as metric,
    arrayFlatten(arrayMap(each -> arrayMap(name -> each, names), steps)) as of_step,
    arrayFlatten(arrayMap(each -> arrayMap(name -> each, names), epochs)) as of_epoch,
    numbers as number
where event = 'training.points' and isNotNull(number);

create materialized view if not exists ${database}.training_curves_view${on_cluster}
to ${database}.training_curves${local} as
select
    toDate(time) as day,
    run_id,
    metric,
    phase,
    rank,
    attempt,
    toInt64(floor(of_step / 100)) as block,
    toUInt64(count()) as count,
    toUInt64(countIf(not isFinite(assumeNotNull(number)))) as nonfinite,
    min(if(isFinite(assumeNotNull(number)), assumeNotNull(number), inf)) as low,
    max(if(isFinite(assumeNotNull(number)), assumeNotNull(number), -inf)) as high,
    sum(if(isFinite(assumeNotNull(number)), assumeNotNull(number), 0)) as total,
    max(tuple(of_step, assumeNotNull(number))) as last,
    max(of_epoch) as epoch,
    min(time) as began,
    max(time) as ended
from ${database}.training_new${local}
array join
    arrayFlatten(arrayMap(each -> names, steps)) as metric,
    arrayFlatten(arrayMap(each -> arrayMap(name -> each, names), steps)) as of_step,
    arrayFlatten(arrayMap(each -> arrayMap(name -> each, names), epochs)) as of_epoch,
    numbers as number
where event = 'training.points' and isNotNull(number)
group by day, run_id, metric, phase, rank, attempt, block;

create materialized view if not exists ${database}.training_runs_view${on_cluster}
to ${database}.training_runs${local} as
select
    new.time + toIntervalMicrosecond(toInt64(new.duration * 1000000)) as time,
    new.event as event,
    new.service as service,
    new.instance as instance,
    new.host as host,
    new.run_id as run_id,
    new.attempt as attempt,
    new.attributes['argus.training.run.name'] as name,
    new.attributes['argus.training.framework'] as framework,
    new.attributes['argus.training.model'] as model,
    new.attributes['argus.training.run.group'] as run_group,
    new.attributes['argus.training.run.parent'] as parent,
    new.attributes['argus.training.outcome'] as outcome,
    new.attributes['error.type'] as error,
    new.step as step,
    new.epoch as epoch,
    toFloat64OrZero(new.attributes['argus.training.total_steps']) as total_steps,
    toFloat64OrZero(new.attributes['argus.training.total_epochs']) as total_epochs,
    toUInt32OrZero(new.attributes['argus.training.world_size']) as world_size,
    new.attributes['argus.training.config'] as config,
    new.attributes['argus.training.argv'] as argv,
    new.attributes['vcs.ref.head.revision'] as commit,
    new.attributes['argus.training.path'] as path,
    toUInt64OrZero(new.attributes['argus.training.size']) as size,
    new.duration as duration,
    mapFromArrays(
        arrayFilter(
            name -> name not in (
                'argus.training.run.id', 'argus.training.run.attempt', 'argus.training.run.name',
                'argus.training.framework', 'argus.training.model', 'argus.training.run.group',
                'argus.training.run.parent', 'argus.training.outcome', 'error.type', 'argus.training.step',
                'argus.training.epoch', 'argus.training.total_steps', 'argus.training.total_epochs',
                'argus.training.world_size', 'argus.training.config', 'argus.training.argv', 'vcs.ref.head.revision',
                'argus.training.path', 'argus.training.size', 'argus.training.rank'
            ),
            mapKeys(new.attributes)
        ),
        arrayFilter(
            (value, name) -> name not in (
                'argus.training.run.id', 'argus.training.run.attempt', 'argus.training.run.name',
                'argus.training.framework', 'argus.training.model', 'argus.training.run.group',
                'argus.training.run.parent', 'argus.training.outcome', 'error.type', 'argus.training.step',
                'argus.training.epoch', 'argus.training.total_steps', 'argus.training.total_epochs',
                'argus.training.world_size', 'argus.training.config', 'argus.training.argv', 'vcs.ref.head.revision',
                'argus.training.path', 'argus.training.size', 'argus.training.rank'
            ),
            mapValues(new.attributes),
            mapKeys(new.attributes)
        )
    ) as attributes
from ${database}.training_new${local} as new
where new.event != 'training.points';

-- The values of some steps in a row are lists: of steps, of epochs (one for all, or one for each), of names, and of the
-- values of each step. A value that is missing is left out.
create materialized view if not exists ${database}.training_new_view${on_cluster}
to ${database}.training_new${local} as
select
    inbox.time as time,
    inbox.event as event,
    inbox.event_id as event_id,
    inbox.service as service,
    inbox.resource['service.instance.id'] as instance,
    inbox.resource['host.name'] as host,
    inbox.attributes['argus.training.run.id'] as run_id,
    greatest(toUInt16OrZero(inbox.attributes['argus.training.run.attempt']), toUInt16(1)) as attempt,
    toUInt16OrZero(inbox.attributes['argus.training.rank']) as rank,
    inbox.attributes['argus.training.phase'] as phase,
    toInt64OrZero(inbox.attributes['argus.training.step']) as step,
    toFloat64OrZero(inbox.attributes['argus.training.epoch']) as epoch,
    arrayMap(text -> toInt64OrZero(text), splitByChar(',', inbox.attributes['argus.training.step'])) as steps,
    arrayResize(
        arrayMap(text -> toFloat64OrZero(text), splitByChar(',', inbox.attributes['argus.training.epoch'])),
        length(steps),
        epoch
    ) as epochs,
    arrayResize(
        arrayMap(text -> toInt64OrZero(text), splitByChar(',', inbox.attributes['argus.training.offsets'])),
        length(steps)
    ) as offsets,
    splitByChar(',', inbox.attributes['argus.training.names']) as names,
    arrayResize(
        arrayMap(text -> toFloat64OrNull(text), splitByChar(',', inbox.attributes['argus.training.values'])),
        length(steps) * length(names),
        NULL
    ) as numbers,
    inbox.duration as duration,
    inbox.attributes as attributes
from ${new_rows} as inbox;
