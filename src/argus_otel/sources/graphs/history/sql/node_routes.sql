-- The nodes that nodes led to in some runs: in how many visits.
select graph, node, route, count()
from graphs_events
array join routes as route
where ${of_runs}
group by graph, node, route
