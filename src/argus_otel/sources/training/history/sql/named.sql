-- Runs whose ids begin with a text, with their names.
select run_id, argMaxIf(name, time, name != '')
from training_runs
where startsWith(lower(run_id), lower({prefix:String}))
group by run_id
order by run_id
