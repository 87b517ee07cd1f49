-- What rules have found, the latest first.
select
    run_id, time, graph, rule, severity, node, step, key, cause_node, cause_step, cause_kind, path, confidence
from graphs_events
where event = '${finding}' and ${within}
    and ({rule:String} = '' or rule = {rule:String}) and severity in {severities:Array(String)}
order by time desc, number
limit {limit:UInt32}
