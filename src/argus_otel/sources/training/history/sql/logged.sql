-- The values of one curve: at each step those of the greatest attempt, and of these the last one that was stored.
    select step, argMax(tuple(value, epoch, time), tuple(attempt, time)) as found, max(attempt) as of_attempt
    from training_points
    where run_id = {id:String} and metric = {metric:String} and phase = {phase:String} and rank = {rank:UInt16}
    group by step
