-- A guild whose first sign is not that it joined was there before history began: it counts from that sign on.
select start, sum(came), sum(went), sum(found)
from (
    select ${start} as start, sumIf(count, ${is_join}) as came, sumIf(count, ${is_leave}) as went, 0 as found
    from ${table}
    where (${is_join} or ${is_leave}) and ${of_service} and ${time} < ${end}
    group by start
    union all
    select ${start_of_seen} as start, 0, 0, 1 as found
    from (
        select min(first) as seen, minIf(first, ${is_join}) as joined, countIf(${is_join}) as joins
        from ${table}
        where ${of_service} and ${time} < ${end} and guild_id > 0
        group by guild_id
    )
    where joins = 0 or joined > seen
)
group by start
order by start
