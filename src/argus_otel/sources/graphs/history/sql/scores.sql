-- How nodes were evaluated, by the hours.
select
    graph,
    node,
    evaluation,
    sum(count),
    sumIf(count, error != ''),
    if(sum(scored) > 0, sum(score_sum) / sum(scored), null),
    sumMap(labels)
from graphs_evaluations_hourly
where hour >= toDateTime({since:UInt32}, 'UTC') and hour < toDateTime({until:UInt32}, 'UTC')
    and ({graph:String} = '' or graph = {graph:String})
    and ({service:String} = '' or service = {service:String})
    and ({name:String} = '' or evaluation = {name:String})
group by graph, node, evaluation
order by graph, node, evaluation
