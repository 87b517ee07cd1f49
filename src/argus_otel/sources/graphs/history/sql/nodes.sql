-- The nodes of a run, in the order in which they began.
select
    number, graph, node, step, began, duration, outcome, error, attempts, after, above, routes, keys, types, lengths,
    tools
from graphs_events
where event = '${node}' and ${within} and run_id = toUUID({id:String})
order by number
