-- Runs, the latest first, with the number of findings of each.
select
    run_id, time, graph, outcome, error, duration, steps, nodes, inference_calls, tool_calls, input_tokens,
    output_tokens, findings, thread, trace_id, service
from graphs_events
left join (
    select run_id, countIf(severity != 'info') as findings
    from graphs_events
    where event = '${finding}' and ${within}
    group by run_id
) as found using (run_id)
where event = '${run}' and ${within}
    and ({outcome:String} = '' or outcome = {outcome:String})
    and ({thread:String} = '' or thread = {thread:String})
    and ({found:UInt8} = 0 or findings > 0)
    and ({run:String} = '' or startsWith(toString(run_id), {run:String}))
order by time desc
limit {limit:UInt32}
