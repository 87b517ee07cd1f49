-- What nodes did in some runs, in visits that ended well: how often they ran and led on, and how long they took.
select graph, node, count(), countIf(notEmpty(routes)), ${durations}, max(duration)
from graphs_events
where ${of_runs}
group by graph, node
