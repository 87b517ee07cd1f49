-- The keys that nodes wrote in some runs, with their classes: in how many visits.
select graph, node, written, class, count()
from graphs_events
array join keys as written, types as class
where ${of_runs}
group by graph, node, written, class
