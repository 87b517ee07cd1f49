-- What rules have found, the latest first. By one column; see runs.
select ${columns}
from graphs_events
where event = '${finding}' and ${within}
    and ({rule:String} = '' or rule = {rule:String}) and has({severities:Array(String)}, severity)
order by time desc
limit {limit:UInt32}
