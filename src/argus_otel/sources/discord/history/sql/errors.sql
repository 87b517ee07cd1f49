select
    which_command,
    which_type,
    which_guild,
    sum(uses) as all_uses,
    sum(rejected),
    sum(failed) as errors,
    errors / all_uses,
    argMax(class, (failed, class))
from (
    select
        ${command} as which_command,
        ${type} as which_type,
        toUInt64(${guild}) as which_guild,
        error as class,
        sum(count) as uses,
        sumIf(count, ${is_rejected}) as rejected,
        sumIf(count, ${is_error}) as failed
    from ${table}
    where ${within} and ${is_command} and ${of_guild}
    group by which_command, which_type, which_guild, class
)
group by which_command, which_type, which_guild
having errors > 0
order by errors desc, which_command, which_type, which_guild
limit {limit:UInt32}
