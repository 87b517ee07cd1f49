-- What a run was given, as it was said last.
select
    argMaxIf(config, time, config != ''),
    argMaxIf(argv, time, argv != ''),
    argMaxIf(commit, time, commit != ''),
    argMaxIf(attributes, time, event = '${start}')
from training_runs
where run_id = {id:String}
