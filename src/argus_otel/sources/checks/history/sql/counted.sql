-- Runs of each check in whole hours, as they were counted when they came: also those that are not kept any more.
select name, sum(count)
from checks_hourly
where ${of_check} and hour >= toDateTime(intDiv({first_hour:Int64}, 1000), 'UTC')
    and hour < toDateTime(intDiv({end_hour:Int64}, 1000), 'UTC')
group by name
