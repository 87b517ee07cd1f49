select
    ${weekday} as weekday,
    toHour(hour, {zone:String}) as hour_of_day,
    sum(count) as uses,
    uses / sum(uses) over (),
    uniqExactIf(guild_id, guild_id > 0)
from ${table}
where ${within} and ${is_use} and ${of_guild}
group by weekday, hour_of_day
order by uses desc, weekday, hour_of_day
limit {limit:UInt32}
