-- Runs, the latest first.
select
    toString(run_id), time, graph, outcome, error, duration, steps, nodes, inference_calls, tool_calls, input_tokens,
    output_tokens, findings, errors, thread, trace_id, service
from graphs_events
where event = '${run}' and ${within}
    and ({outcome:String} = '' or outcome = {outcome:String})
    and ({thread:String} = '' or thread = {thread:String})
    and ({found:UInt8} = 0 or findings > 0)
    and ({healthy:UInt8} = 0 or (outcome = 'ok' and errors = 0))
    and startsWith(toString(run_id), {id:String})
    and not has({without:Array(String)}, toString(run_id))
order by time desc, run_id
limit {limit:UInt32}
