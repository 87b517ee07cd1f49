-- The classes of exceptions with which runs of a graph have ended, but for some runs.
select distinct error
from graphs_events
where event = '${run}' and ${within} and error != '' and not has({without:Array(String)}, toString(run_id))
