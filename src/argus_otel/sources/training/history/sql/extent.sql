-- From where to where the values of a curve go, those of all attempts.
select count(), min(${x}), max(${x})
from training_points
where run_id = {id:String} and metric = {metric:String} and phase = {phase:String} and rank = {rank:UInt16}
