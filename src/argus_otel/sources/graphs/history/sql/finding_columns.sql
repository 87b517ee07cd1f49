    toString(run_id), time, graph, rule, severity, node, step, number, key, cause_node, cause_step, cause_kind, path,
    confidence
