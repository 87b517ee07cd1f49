-- Evaluations, the latest first. By one column; see runs.
select ${columns}
from graphs_events
where event = '${evaluation}' and ${within} and ({name:String} = '' or evaluation = {name:String})
order by time desc
limit {limit:UInt32}
