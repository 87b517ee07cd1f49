-- The attempts of some runs in their order: of each, when it began and was heard of last, its last word, and how far it
-- came. Of events at the same moment, an end counts most, and then that it was found lost.
select
    run_id,
    attempt,
    min(time - toIntervalMicrosecond(toInt64(duration * 1000000))),
    max(time),
    argMaxIf(event, tuple(time, place), place > 0),
    argMaxIf(outcome, tuple(time, place), place > 0),
    argMaxIf(error, tuple(time, place), place > 0),
    max(step),
    max(epoch)
from (
    select
        *,
        multiIf(event = '${end}', 3, event = '${lost}', 2, event in ('${start}', '${resume}'), 1, 0) as place
    from training_runs
    where has({ids:Array(String)}, run_id)
)
group by run_id, attempt
order by run_id, attempt
