-- The checkpoints and artifacts of a run.
select time, attempt, step, path, size
from training_runs
where run_id = {id:String} and event = '${saved}'
order by time, path
