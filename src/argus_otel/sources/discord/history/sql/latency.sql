select command, type, uses, total / uses, q[1], q[2], q[3], q[4], longest
from (
    select
        *,
        -- How many uses were as short as those of a bucket, or shorter.
        arrayMap(
            number -> arraySum(arraySlice(mapValues(buckets), 1, number)), arrayEnumerate(mapKeys(buckets))
        ) as seen,
        -- The middle of the bucket that has the use of that rank.
        arrayMap(
            level -> least(longest, pow(1.02, mapKeys(buckets)[arrayFirstIndex(n -> n >= level * uses, seen)] - 0.5)),
            [0.5, 0.9, 0.95, 0.99]
        ) as q
    from (
        select
            command,
            type,
            sum(timed) as uses,
            sum(duration_sum) as total,
            sumMap(durations) as buckets,
            max(duration_max) as longest
        from ${table}
        where ${within} and ${is_command} and ${of_guild}
        group by command, type
    )
    where uses > 0
)
order by q[3] desc, command, type
limit {limit:UInt32}
