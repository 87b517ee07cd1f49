"""What the authors of graphs declare about them, by the graphs' names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from argus_otel.detections.facts import GraphFacts, Promises

from .validators import DECLARED, Given, by_node, validators_of

NOTHING = Promises()
"""What is declared of a graph that nothing is declared of."""

_declared: dict[str, Promises] = {}


def declare(
    name: str,
    *,
    reads: Mapping[str, Sequence[str]] | None = None,
    must_write: Mapping[str, Sequence[str]] | None = None,
    allow_empty: Iterable[str] = (),
    ignore: Iterable[str] = (),
    validators: Given = None,
    judges: Given = None,
    floor: float | Mapping[str, float] | None = None,
    severity: str = "error",
    gate: bool = False,
) -> None:
    """Declare what is expected of a graph, instead of what was declared of it before. All of it may be left out.

    Parameters
    ----------
    name:
        The graph's: ``compile(name=…)``.
    reads:
        Which keys a node needs, by its name.
    must_write:
        Which keys a node has to write, by its name.
    allow_empty:
        The keys that may be empty.
    ignore:
        The ids of rules and detectors that are not applied.
    validators:
        By a node's name, a function or several that check what it has written: ``validate(node, update)``, with the
        node's name and each key of the state that it wrote; of a task or an entrypoint of the functional API, and of a
        state without keys, the update is what was returned. It must not be changed. Returns whether it is as it should
        be; a score; a score and a label; or nothing, after ``assert``. May be ``async``. An exception but
        :exc:`AssertionError` is an error of the function itself: it is counted and reported, and the graph goes on.
    judges:
        The same for functions that score, such as by asking a model. Nothing returned is no opinion.
    floor:
        The lowest score that is not low: one for all evaluations of the graph, or by their names. An evaluation's name
        is that of the function, or of :func:`evaluate`'s call.
    severity:
        Of ``evaluation_low``, the rule that finds refused updates and low scores: ``info``, ``warn`` or ``error``.
    gate:
        Whether validators run in line, on the node's own thread or event loop: then an update that one of them refuses
        by ``False`` or :exc:`AssertionError` is discarded, and the node fails with :exc:`GateFailed`, outside of its
        retry policy. By default validators run later, on a thread of their own, on which up to 100 updates wait; others
        are dropped and counted. Judges always do. Where nodes are not observed, no gate stops anything.

    Raises
    ------
    TypeError
        The name is no text, keys are not given as lists of names, or a validator cannot be called.
    ValueError
        ``ignore`` names a rule that there is not, a floor is no finite number, or there is no such severity.
    """
    from argus_otel.detections.detectors import rules

    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"the name of a graph is a text, that of compile(name=…), not {type(name).__name__}")
    ignored = _names("ignore", ignore)
    unknown = ignored - {rule.id for rule in rules()}
    if unknown:
        raise ValueError(f"ignore: there is no rule {', '.join(sorted(unknown))}; see `argus-otel graphs rules`")
    checked = validators_of(validators, judges, floor, severity, gate)
    _declared[name] = Promises(
        _by_node("reads", reads),
        _by_node("must_write", must_write),
        _names("allow_empty", allow_empty),
        ignored,
    )
    if checked is not None:
        DECLARED[name] = checked
    else:
        DECLARED.pop(name, None)


def promises_of(name: str) -> Promises:
    """Return what is declared of a graph."""
    return _declared.get(name, NOTHING)


def any_declared(names: Iterable[str]) -> bool:
    """Whether anything is declared of one of these graphs."""
    return not _declared.keys().isdisjoint(names)


def forget() -> None:
    """Forget all declarations, for tests."""
    _declared.clear()
    DECLARED.clear()


def unknown_names(graph: GraphFacts) -> list[str]:
    """Return what is declared of a graph that has neither such a node nor such a key, in words."""
    if not graph.nodes:
        return []
    promises, checked = graph.promises, DECLARED.get(graph.name)
    nodes = {*promises.reads, *promises.must_write, *(() if checked is None else (*checked.gates, *checked.others))}
    keys = {*promises.allow_empty}.union(*promises.reads.values(), *promises.must_write.values())
    return [*_strangers("node", nodes, graph.nodes), *_strangers("key", keys, graph.keys)]


def _strangers(what: str, declared: Iterable[str], known: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in sorted(set(declared).difference(known)):
        close = get_close_matches(name, known, n=1)
        found.append(f"the {what} {name} (did you mean {close[0]}?)" if close else f"the {what} {name}")
    return found


def _by_node(what: str, given: Mapping[str, Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    return {node: tuple(_names(f"{what}[{node!r}]", keys)) for node, keys in by_node(what, given).items()}


def _names(what: str, given: Iterable[str]) -> frozenset[str]:
    if isinstance(given, str):
        raise TypeError(f"{what} is a text; write a list of names, such as [{given!r}]")
    if not isinstance(given, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"{what} is a list of names, not {type(given).__name__}")
    return frozenset(given)
