-- Slots in which a check ran, and those of them in which it succeeded at one location at least.
select name, ${day_of_slot} as of_day, count(), countIf(good)
from (
    select name, slot, max(outcome in ('ok', 'warn')) as good
    from checks_events
    where event = '${run}' and ${of_check} and outcome != 'unknown' and muted = ''
        and slot >= fromUnixTimestamp64Milli({begin:Int64}, 'UTC')
        and slot < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
        and toStartOfHour(time) >= fromUnixTimestamp64Milli({begin:Int64} - 3600000, 'UTC')
        and toStartOfHour(time) <= fromUnixTimestamp64Milli({end:Int64} + 3600000, 'UTC')
    group by name, slot
)
group by name, of_day
