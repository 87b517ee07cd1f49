-- How nodes of graphs did, by the hours; a row without a node has the runs of a graph as a whole.
select
    graph,
    node,
    sum(count),
    sumIf(count, outcome in ('error', 'limit')),
    sumMap(durations),
    max(duration_max),
    sum(duration_sum) as total
from graphs_hourly
where hour >= toDateTime({since:UInt32}, 'UTC') and hour < toDateTime({until:UInt32}, 'UTC')
    and ({graph:String} = '' or graph = {graph:String})
    and ({service:String} = '' or service = {service:String})
group by graph, node
order by total desc, graph, node
