select time, event, command, outcome, error, code, late, duration, user
from discord_events
where guild_id = {guild:UInt64} and ${of_service}
    and time >= toDateTime({since:UInt32}, 'UTC') and time < toDateTime({until:UInt32}, 'UTC')
order by time desc
limit {limit:UInt32}
