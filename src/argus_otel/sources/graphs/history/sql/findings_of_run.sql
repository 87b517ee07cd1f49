-- What rules have found in a run, the most severe first.
select ${columns}
from graphs_events
where event = '${finding}' and ${within} and run_id = toUUID({id:String})
order by indexOf(['error', 'warn', 'info'], severity), number, rule, key
