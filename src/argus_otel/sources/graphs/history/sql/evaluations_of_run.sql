-- The evaluations of a run, in the order in which they were made.
select ${columns}
from graphs_events
where event = '${evaluation}' and ${within} and run_id = toUUID({id:String})
order by time, number, evaluation
