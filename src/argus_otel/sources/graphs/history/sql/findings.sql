-- What rules have found, the latest first.
select ${columns}
from graphs_events
where event = '${finding}' and ${within}
    and ({rule:String} = '' or rule = {rule:String}) and has({severities:Array(String)}, severity)
order by time desc, run_id, number, rule, key
limit {limit:UInt32}
