select
    sum(count) as rows,
    min(first),
    max(last),
    countIf(${is_join}) > 0,
    maxIf(last, ${is_join}),
    countIf(${is_leave}) > 0,
    maxIf(last, ${is_leave}),
    sumIf(count, ${is_use}),
    uniqIfMergeIf(users, ${is_use})
from ${table}
where ${within} and ${of_guild}
