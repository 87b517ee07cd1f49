    toString(run_id), time, graph, node, step, number, evaluation, score, label, explanation, error
