guild_id in (
    select guild_id
    from ${table}
    where ${within} and ${is_use} and guild_id > 0
    group by guild_id
    order by sum(count) desc, guild_id
    limit {limit:UInt32}
)
