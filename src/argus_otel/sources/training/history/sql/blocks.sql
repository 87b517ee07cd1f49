-- A curve whose points have expired, by hundreds of steps: of each hundred those of the greatest attempt.
select
    block * ${block},
    max(at_epoch),
    min(at),
    argMax(counted, attempt),
    argMax(wrong, attempt),
    argMax(lowest, attempt),
    argMax(summed, attempt),
    argMax(highest, attempt),
    argMax(latest, attempt),
    max(attempt)
from (
    select
        block, attempt, sum(count) as counted, sum(nonfinite) as wrong, min(low) as lowest, max(high) as highest,
        sum(total) as summed, tupleElement(max(last), 2) as latest, max(epoch) as at_epoch, min(began) as at
    from training_curves
    where run_id = {id:String} and metric = {metric:String} and phase = {phase:String} and rank = {rank:UInt16}
    group by block, attempt
)
group by block
order by block
