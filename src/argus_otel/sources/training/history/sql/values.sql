-- What some runs have logged, by names and phases.
select
    run_id,
    metric,
    phase,
    sum(count),
    sum(nonfinite),
    min(low),
    max(high),
    max(tuple(attempt, last)),
    max(ended),
    max(epoch)
from training_curves
where has({ids:Array(String)}, run_id) and ({metric:String} = '' or metric = {metric:String})
group by run_id, metric, phase
order by run_id, metric, phase
