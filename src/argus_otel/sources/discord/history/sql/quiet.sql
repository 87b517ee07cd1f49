select guild_id, seen, dateDiff('day', seen, toDateTime({now:UInt32}, 'UTC')), uses, days
from (
    select
        guild_id,
        maxIf(last, ${is_use}) as seen,
        sumIf(count, ${is_use}) as uses,
        uniqExactIf(toDate(${time}), ${is_use}) as days,
        maxIf(last, ${is_join}) as joined,
        maxIf(last, ${is_leave}) as left
    from ${table}
    where ${within} and guild_id > 0
    group by guild_id
)
where uses > 0 and seen < toDateTime({deadline:UInt32}, 'UTC') and (left <= joined or left < seen)
order by uses desc, guild_id
limit {limit:UInt32}
