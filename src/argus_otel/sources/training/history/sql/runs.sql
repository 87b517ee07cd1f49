-- Runs that began in a range, the latest first, with what their events say of them. That one is lost is told
-- by another process.
select
    run_id,
    min(time - toIntervalMicrosecond(toInt64(duration * 1000000))) as begun,
    argMaxIf(name, time, name != ''),
    argMaxIf(framework, time, framework != ''),
    argMaxIf(model, time, model != ''),
    argMaxIf(run_group, time, run_group != '') as of_group,
    argMaxIf(parent, time, parent != ''),
    argMaxIf(service, tuple(event != '${lost}', time), service != '') as of_service,
    argMaxIf(host, tuple(event != '${lost}', time), host != ''),
    argMaxIf(instance, tuple(event != '${lost}', time), instance != ''),
    argMaxIf(total_steps, time, total_steps > 0),
    max(world_size)
from training_runs
where ({any:UInt8} = 1 or has({ids:Array(String)}, run_id))
group by run_id
having begun >= toDateTime({since:UInt32}, 'UTC') and begun < toDateTime({until:UInt32}, 'UTC')
    and ({service:String} = '' or of_service = {service:String})
    and ({group:String} = '' or of_group = {group:String})
order by begun desc, run_id
limit {limit:UInt32}
