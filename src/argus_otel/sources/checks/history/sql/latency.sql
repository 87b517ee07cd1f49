-- Runs of each check that count for the latency that it promises, those of them that kept it, and both of the last hours;
-- and how many runs of whole hours are kept, whether they count or not.
select
    name,
    toUnixTimestamp64Milli(min(slot)),
    countIf(judged),
    countIf(judged and fast),
    countIf(judged and slot >= fromUnixTimestamp64Milli({last_hour:Int64}, 'UTC')),
    countIf(judged and fast and slot >= fromUnixTimestamp64Milli({last_hour:Int64}, 'UTC')),
    countIf(judged and slot >= fromUnixTimestamp64Milli({last_hours:Int64}, 'UTC')),
    countIf(judged and fast and slot >= fromUnixTimestamp64Milli({last_hours:Int64}, 'UTC')),
    countIf(
        slot >= fromUnixTimestamp64Milli({first_hour:Int64}, 'UTC')
        and slot < fromUnixTimestamp64Milli({end_hour:Int64}, 'UTC')
    )
from (
    select
        name,
        slot,
        outcome in ('ok', 'warn') and duration <= {under:Float64} as fast,
        -- A disturbed run that was too slow says nothing about the service.
        outcome != 'unknown' and muted = '' and (fast or outcome = 'failed' or not disturbed) as judged
    from checks_events
    where event = '${run}' and ${of_check}
        and slot >= fromUnixTimestamp64Milli({begin:Int64}, 'UTC')
        and slot < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
        and toStartOfHour(time) >= fromUnixTimestamp64Milli({begin:Int64} - 3600000, 'UTC')
        and toStartOfHour(time) <= fromUnixTimestamp64Milli({end:Int64} + 3600000, 'UTC')
)
group by name
