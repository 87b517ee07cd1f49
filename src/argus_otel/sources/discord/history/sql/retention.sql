select cohort, dateDiff('${period}', cohort, start) as age, uniqExact(guild_id)
from ${joins} as joins
join (
    select distinct guild_id, ${start} as start
    from ${table}
    where ${is_use} and guild_id > 0 and ${of_service} and ${time} < ${end}
) as uses using (guild_id)
where start >= cohort and age <= {periods:UInt32}
group by cohort, age
