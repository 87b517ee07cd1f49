"""Rules on what nodes write: keys that are lost, missing, empty or of another type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .facts import NodeFacts, RunFacts
from .findings import Finding, Layer, Severity
from .lineage import graph_of, needed_keys, state_before, with_graphs
from .rule import Habits, Rule, at

_MOST_EDITS = 2


def near(one: str, other: str) -> bool:
    """Whether a name becomes another one by at most two edits. Names of two letters are never close."""
    if one == other or abs(len(one) - len(other)) > _MOST_EDITS or min(len(one), len(other)) <= _MOST_EDITS:
        return False
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        above, row[0] = row[0], place
        for column, wanted in enumerate(other, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (letter != wanted))
    return row[-1] <= _MOST_EDITS


def misnamed(run: RunFacts, node: NodeFacts) -> dict[str, str]:
    """Return, by each key that a node returned in vain, the key of the state that it is close to and did not write."""
    if not node.unknown:
        return {}
    unwritten = [key for key in graph_of(run, node).keys if key not in node.written]
    found: dict[str, str] = {}
    for key in node.unknown:
        close = [each for each in unwritten if near(key, each)]
        if close:
            found[key] = min(close)
    return found


def _unknown_key(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    """Find keys that are lost. A finding has the key that was meant: the other one may be made of what a user said.

    A graph in a node has keys of its own, which the node returns too: of these, only those that are close to one count.
    """
    graphs = with_graphs(run)
    for node in run.nodes:
        close = misnamed(run, node)
        for meant in sorted(set(close.values())):
            yield at(rule, node, Severity.ERROR, meant)
        if len(close) < len(node.unknown) and node.number not in graphs:
            yield at(rule, node, Severity.WARN)


def _key_missing(rule: Rule, run: RunFacts, habits: Habits) -> Iterable[Finding]:
    yield from _lacking(rule, run, habits, empty=False)


def _key_empty(rule: Rule, run: RunFacts, habits: Habits) -> Iterable[Finding]:
    yield from _lacking(rule, run, habits, empty=True)


def _lacking(rule: Rule, run: RunFacts, _: Habits, *, empty: bool) -> Iterator[Finding]:
    """Yield the keys that a node needs, and that are missing or empty when it begins."""
    for node in run.nodes:
        graph = graph_of(run, node)
        if not node.error_key and not graph.promises.reads:
            continue
        for key, declared in needed_keys(graph, node).items():
            if not declared and _passes_on(run, node):
                continue
            shape = state_before(run, node).get(key)
            lacks = shape is not None and shape.empty if empty else shape is None
            if not lacks or (empty and key in graph.promises.allow_empty):
                continue
            led_to_error = node.outcome == "error" and node.error_key == key
            yield at(rule, node, Severity.ERROR if declared or led_to_error else Severity.INFO, key)


def _passes_on(run: RunFacts, node: NodeFacts) -> bool:
    """Whether a node failed because a node of the graph in it did: then that one has the finding."""
    symptom = (node.number, node.outcome, node.error_type, node.error_key)
    return any((each.above, each.outcome, each.error_type, each.error_key) == symptom for each in run.nodes)


def _type_drift(rule: Rule, run: RunFacts, habits: Habits) -> Iterable[Finding]:
    for node in run.nodes:
        graph = graph_of(run, node)
        allowed = graph.types
        for key, shape in node.written.items():
            known = habits.types.get((node.node, key), frozenset())
            if key in allowed:
                if shape.type not in allowed[key] and shape.type != "NoneType":  # see key_empty
                    converted = graph.converts and not _fails_between_nodes(run)
                    yield at(rule, node, Severity.INFO if converted else Severity.ERROR, key)
            elif len(known) == 1 and shape.type not in known and not shape.empty:
                yield at(rule, node, Severity.WARN, key)


def _fails_between_nodes(run: RunFacts) -> bool:
    """Whether a run failed and no node of it, as one does whose state the schema refuses where a node would begin."""
    return run.outcome == "error" and all(node.outcome != "error" for node in run.nodes)


def _schema_violation(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    for node in run.nodes:
        if (
            node.outcome == "error"
            and node.error_type.rpartition(".")[2] == "ValidationError"
            and not _passes_on(run, node)
        ):
            yield at(rule, node, Severity.ERROR, node.error_key)


def _no_update(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    for node in run.nodes:
        if node.outcome != "ok":
            continue
        promised = graph_of(run, node).promises.must_write.get(node.node, ())
        missing = [key for key in promised if key not in node.written]
        for key in missing:
            yield at(rule, node, Severity.ERROR, key)
        if not node.written and not promised and graph_of(run, node).keys:  # tasks of the functional API have no state
            yield at(rule, node, Severity.INFO)


def _subgraph_barren(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    graphs = with_graphs(run)
    for node in run.nodes:
        if node.number in graphs and node.outcome == "ok" and not node.written:
            yield at(rule, node, Severity.WARN)


def _not_finite(rule: Rule, run: RunFacts, _: Habits) -> Iterable[Finding]:
    for node in run.nodes:
        for key, shape in node.written.items():
            if not shape.finite:
                yield at(rule, node, Severity.WARN, key)


RULES = (
    Rule(
        "unknown_key",
        Layer.STRUCTURAL,
        Severity.ERROR,
        "a node returns a key that the state does not have; an error if it is close to one that it did not write",
        "LangGraph drops such a key without a word: what the node has found is lost.",
        "Correct the name, or add the key to the state's schema.",
        _unknown_key,
    ),
    Rule(
        "key_missing",
        Layer.STRUCTURAL,
        Severity.ERROR,
        "a node needs a key that nobody has written: declared, or named by its exception",
        "A node before it left the key out, or wrote it under another name.",
        "Let the node that caused it write the key; must_write declares that it has to.",
        _key_missing,
    ),
    Rule(
        "key_empty",
        Layer.STRUCTURAL,
        Severity.ERROR,
        "a node needs a key that is None or empty: declared, or named by its exception",
        "A node before it found nothing, and said so by an empty value.",
        "See why the node that caused it found nothing. If the key may be empty, say so: allow_empty.",
        _key_empty,
    ),
    Rule(
        "type_drift",
        Layer.STRUCTURAL,
        Severity.ERROR,
        "a key is written with another class than the schema says and does not convert, or than this node always wrote",
        "The nodes after it may read it wrongly, or fail.",
        "Return the class that the schema says.",
        _type_drift,
    ),
    Rule(
        "schema_violation",
        Layer.STRUCTURAL,
        Severity.ERROR,
        "the state is not valid where a node begins or ends",
        "A node before it wrote a value that the schema does not allow.",
        "Let the node that caused it write what the schema says, or correct the schema.",
        _schema_violation,
    ),
    Rule(
        "no_update",
        Layer.STRUCTURAL,
        Severity.ERROR,
        "a node ends well and has written nothing; an error if must_write promises a key",
        "Its work, if there was any, is lost.",
        "Return what it has found, or declare what it must write.",
        _no_update,
    ),
    Rule(
        "subgraph_barren",
        Layer.STRUCTURAL,
        Severity.WARN,
        "a graph in a node ends well, and nothing that the graph above has was written",
        "The two graphs may have no key in common.",
        "Give both schemas the keys that they share.",
        _subgraph_barren,
    ),
    Rule(
        "not_finite",
        Layer.STRUCTURAL,
        Severity.WARN,
        "a number that is NaN or infinite is written",
        "Comparisons with NaN are false, so that routes may go wrong.",
        "Check the calculation before it is written.",
        _not_finite,
    ),
)
