select
    command,
    type,
    sum(count) as uses,
    uses / sum(uses) over (),
    uniqExactIf(guild_id, guild_id > 0),
    uniqIfMerge(users),
    sumIf(count, ${is_rejected}),
    sumIf(count, ${is_error})
from ${table}
where ${within} and ${is_command} and ${of_guild}
group by command, type
order by uses desc, command, type
limit {limit:UInt32}
