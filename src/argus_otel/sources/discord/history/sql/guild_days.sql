-- The command used most is that with the greatest sum, and of those with the same the first by name.
select
    day, joined, gone, uses, commands, rejected, failed, people,
    arrayFirst((name, used) -> used = arrayMax(mapValues(by_name)), mapKeys(by_name), mapValues(by_name))
from (
    select
        toDate(${time}) as day,
        sumIf(count, ${is_join}) as joined,
        sumIf(count, ${is_leave}) as gone,
        sumIf(count, ${is_use}) as uses,
        sumIf(count, ${is_command}) as commands,
        sumIf(count, ${is_rejected}) as rejected,
        sumIf(count, ${is_error}) as failed,
        uniqIfMergeIf(users, ${is_use}) as people,
        sumMapIf(map(toString(command), toUInt64(count)), ${is_command}) as by_name
    from ${table}
    where ${within} and ${of_guild}
    group by day
)
order by day
