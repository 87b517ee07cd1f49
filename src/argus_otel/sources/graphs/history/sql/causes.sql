-- The nodes that caused findings, those that caused most of them first.
select graph, cause_node, cause_kind, rule, key, count() as findings, uniqExact(run_id), max(time)
from graphs_events
where event = '${finding}' and ${within} and cause_node != ''
    and ({rule:String} = '' or rule = {rule:String}) and has({severities:Array(String)}, severity)
group by graph, cause_node, cause_kind, rule, key
order by findings desc, graph, cause_node, cause_kind, rule, key
limit {limit:UInt32}
