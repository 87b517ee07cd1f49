-- Each guild's periods: the first of all times among them, and each beside the one before.
select
    start,
    count(),
    countIf(start = began),
    countIf(start > began and previous = before),
    countIf(start > began and previous != before)
from (
    select
        start,
        min(start) over (partition by guild_id) as began,
        any(start) over (partition by guild_id order by start rows between 1 preceding and 1 preceding) as previous,
        toDate(start - interval 1 ${period}) as before
    from (
        select distinct guild_id, ${start} as start
        from ${table}
        where ${is_use} and guild_id > 0 and ${of_service} and ${time} < ${end}
    )
)
where start >= ${first_start}
group by start
order by start
