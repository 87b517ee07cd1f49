-- At which step of some runs a value was least, or greatest.
select run_id, argMinIf(step, value, isFinite(value)), argMaxIf(step, value, isFinite(value))
from training_points
where has({ids:Array(String)}, run_id) and metric = {metric:String} and phase = {phase:String}
group by run_id
