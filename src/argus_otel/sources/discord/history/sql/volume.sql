select
    ${start} as start,
    ${whose} as whose,
    sum(count),
    sumIf(count, ${is_command}),
    sumIf(count, ${is_error}),
    uniqExactIf(guild_id, guild_id > 0),
    uniqIfMerge(users)
from ${table}
where ${within} and ${is_use} and ${which}
group by start, whose
order by start, whose
