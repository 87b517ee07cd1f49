-- Runs of each check, by day or location or neither, with percentiles of what was judged and not disturbed.
select
    name,
    ${day_of_period} as of_day,
    ${place} as place,
    sumIf(count, ${judged}),
    sumIf(count, ${judged} and outcome = 'ok'),
    sumIf(count, ${judged} and outcome = 'warn'),
    sumIf(count, ${judged} and outcome = 'failed'),
    sumIf(count, outcome = 'unknown' and muted = ''),
    sumIf(count, muted != ''),
    sum(retries),
    sum(disturbed),
    sumMapIf(durations, ${judged}),
    maxIf(duration_max, ${judged})
from ${table}
where ${within} and ${of_check}
group by name, of_day, place
order by name, of_day, place
