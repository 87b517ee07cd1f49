-- What rules have found in a run, the most severe first.
select
    run_id, time, graph, rule, severity, node, step, key, cause_node, cause_step, cause_kind, path, confidence
from graphs_events
where event = '${finding}' and run_id = toUUID({id:String})
order by indexOf(['error', 'warn', 'info'], severity), step
