-- How long each phase of the runs took that were judged and not disturbed; null for a phase that a check has not.
select
    name,
    any(type),
    count() as runs,
    quantiles(0.5, 0.95)(duration) as total,
    max(duration),
    quantilesIf(0.5, 0.95)(dns, isNotNull(dns)),
    quantilesIf(0.5, 0.95)(connect, isNotNull(connect)),
    quantilesIf(0.5, 0.95)(tls, isNotNull(tls)),
    quantilesIf(0.5, 0.95)(send, isNotNull(send)),
    quantilesIf(0.5, 0.95)(first_byte, isNotNull(first_byte)),
    quantilesIf(0.5, 0.95)(transfer, isNotNull(transfer))
from checks_events
where event = '${run}' and ${of_check} and outcome != 'unknown' and not disturbed
    and slot >= fromUnixTimestamp64Milli({begin:Int64}, 'UTC')
    and slot < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
    and toStartOfHour(time) >= fromUnixTimestamp64Milli({begin:Int64} - 3600000, 'UTC')
    and toStartOfHour(time) <= fromUnixTimestamp64Milli({end:Int64} + 3600000, 'UTC')
group by name
order by total[2] desc, name
limit {limit:UInt32}
