-- The last runs of a graph, and healthy ones before them, each with its nodes.
with ranked as (
    select run_id, outcome, row_number() over (order by time desc) as place
    from graphs_events
    where event = '${run}' and ${within}
),
chosen as (
    select run_id, 1 as recent from ranked where place <= {recent:UInt32}
    union all
    select run_id, 0 as recent from ranked
    where place > {recent:UInt32} and outcome = 'ok'
    order by place
    limit {earlier:UInt32}
)
select recent, node, error, duration, input_tokens + output_tokens, keys, types, routes
from graphs_events
inner join chosen using (run_id)
where event in ('${run}', '${node}') and above < 0
