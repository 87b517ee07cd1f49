select command, type, uses, total / uses, q[1], q[2], q[3], q[4], longest
from (
    select
        command,
        type,
        sum(timed) as uses,
        sum(duration_sum) as total,
        quantilesTDigestIfMerge(0.5, 0.9, 0.95, 0.99)(durations) as q,
        max(duration_max) as longest
    from ${table}
    where ${within} and ${is_command} and ${of_guild}
    group by command, type
)
where uses > 0
order by q[3] desc, command, type
limit {limit:UInt32}
