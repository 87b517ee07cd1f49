-- Runs, the latest first, with the number of findings of each, and of those that are errors.
select
    toString(run_id), time, graph, outcome, error, duration, steps, nodes, inference_calls, tool_calls, input_tokens,
    output_tokens, findings, wrong, thread, trace_id, service
from graphs_events
left join (
    select run_id, countIf(severity != 'info') as findings, countIf(severity = 'error') as wrong
    from graphs_events
    where event = '${finding}' and ${within}
    group by run_id
) as found using (run_id)
where event = '${run}' and ${within}
    and ({outcome:String} = '' or outcome = {outcome:String})
    and ({thread:String} = '' or thread = {thread:String})
    and ({found:UInt8} = 0 or findings > 0)
    and ({healthy:UInt8} = 0 or (outcome = 'ok' and wrong = 0))
    and startsWith(toString(run_id), {id:String})
    and not has({without:Array(String)}, toString(run_id))
order by time desc, run_id
limit {limit:UInt32}
