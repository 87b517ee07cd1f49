-- What is told of each check at each location: every change, and between changes one row for the states that are alike.
select
    name,
    location,
    any(service),
    toUnixTimestamp64Milli(min(at)) as begun,
    argMax(ends, at),
    change,
    any(state),
    toUnixTimestamp64Milli(min(since)),
    any(silent),
    any(error),
    any(condition)
from (
    select
        *,
        sum(fresh) over (
            partition by name, location order by at, change rows between unbounded preceding and current row
        ) as island
    from (
        select
            *,
            change
                or lagInFrame(change, 1, 1) over of_check
                or state != lagInFrame(state) over of_check
                or silent != lagInFrame(silent) over of_check
                or toUnixTimestamp64Milli(at) > lagInFrame(ends) over of_check as fresh
        from (
            select
                time as at,
                location,
                name,
                service,
                event = '${status}' as change,
                state,
                since,
                muted != '' as silent,
                error,
                condition,
                toUnixTimestamp64Milli(toDateTime64(time, 3, 'UTC'))
                    + least(if(holds > 0, toInt64(holds) * 1000, ${longest}), ${longest}) as ends
            from checks_status
            where ${of_check} and time >= fromUnixTimestamp64Milli({begin:Int64} - ${longest}, 'UTC')
                and time < fromUnixTimestamp64Milli({end:Int64} + ${longest}, 'UTC')
                and if(event = '${status}' and toUnixTimestamp64Milli(since) > 0, least(since, time), time)
                    < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
        )
        window of_check as (
            partition by name, location order by at, change rows between unbounded preceding and current row
        )
    )
)
group by name, location, island, change
order by name, location, begun, island
