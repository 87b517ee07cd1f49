with
    periods as (
        select
            ${start} as start,
            sumIf(count, ${is_new}) as uses,
            uniqExactIf(guild_id, ${is_new} and guild_id > 0) as guilds,
            sumIf(count, ${is_old}) as old_uses,
            uniqExactIf(guild_id, ${is_old} and guild_id > 0) as old_guilds,
            uniqExactIf(guild_id, guild_id > 0) as everyone
        from ${table}
        where ${within} and ${is_command}
        group by start
    ),
    -- When each guild began to use the one, and the other.
    firsts as (
        select ${start_of_new} as new_start, ${start_of_old} as old_start, has_new, has_old
        from (
            select
                minIf(first, ${is_new}) as new_first,
                minIf(first, ${is_old}) as old_first,
                countIf(${is_new}) > 0 as has_new,
                countIf(${is_old}) > 0 as has_old
            from ${table}
            where ${of_service} and ${time} < ${end} and guild_id > 0 and ${is_command}
            group by guild_id
            having has_new or has_old
        )
    ),
    steps as (
        select new_start as start, count() as new, 0 as old, 0 as both from firsts where has_new group by start
        union all
        select old_start as start, 0, count(), 0 from firsts where has_old group by start
        union all
        select greatest(new_start, old_start) as start, 0, 0, count() from firsts where has_new and has_old group by start
        union all
        select start, 0, 0, 0 from periods
    ),
    spread as (
        select
            start,
            new,
            sum(new) over so_far as reached,
            sum(old) over so_far as olds,
            sum(both) over so_far as moved
        from (select start, sum(new) as new, sum(old) as old, sum(both) as both from steps group by start)
        window so_far as (order by start rows between unbounded preceding and current row)
    )
select
    start,
    uses,
    guilds,
    new,
    reached,
    if(everyone = 0, null, guilds / everyone),
    old_uses,
    old_guilds,
    moved,
    olds - moved
from periods
join spread using (start)
where reached + olds > 0
order by start
