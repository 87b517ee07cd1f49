-- At which step each later attempt of a curve begins.
select attempt, min(step), min(time)
from training_points
where run_id = {id:String} and metric = {metric:String} and phase = {phase:String} and attempt > 1
group by attempt
order by attempt
