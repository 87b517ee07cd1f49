-- Runs, the latest first. By one column: with two, the engine's filter of the first rows fails (TYPE_MISMATCH).
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
order by time desc
limit {limit:UInt32}
