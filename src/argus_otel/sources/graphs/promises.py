"""What the authors of graphs declare about them, by the graphs' names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from argus_otel.detections.facts import Promises

from .validators import DECLARED, Given, validators_of

_NONE = Promises()

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
        Keys are not given as lists of names, or a validator cannot be called.
    ValueError
        ``ignore`` names a rule that there is not, a floor is no finite number, or there is no such severity.
    """
    from argus_otel.detections.detectors import rules

    ignored = _names("ignore", ignore)
    unknown = ignored - {rule.id for rule in rules()}
    if unknown:
        raise ValueError(f"ignore: there is no rule {', '.join(sorted(unknown))}; see `argus-otel graphs rules`")
    checked = validators_of(validators, judges, floor, severity, gate)
    _declared[name] = Promises(
        {node: tuple(_names(f"reads[{node!r}]", keys)) for node, keys in (reads or {}).items()},
        {node: tuple(_names(f"must_write[{node!r}]", keys)) for node, keys in (must_write or {}).items()},
        _names("allow_empty", allow_empty),
        ignored,
    )
    if checked is not None:
        DECLARED[name] = checked
    else:
        DECLARED.pop(name, None)


def promises_of(name: str) -> Promises:
    """Return what is declared of a graph."""
    return _declared.get(name, _NONE)


def any_declared(names: Iterable[str]) -> bool:
    """Whether anything is declared of one of these graphs."""
    return not _declared.keys().isdisjoint(names)


def forget() -> None:
    """Forget all declarations, for tests."""
    _declared.clear()
    DECLARED.clear()


def _names(what: str, given: Iterable[str]) -> frozenset[str]:
    if isinstance(given, str):
        raise TypeError(f"{what} is a text; write a list of names, such as [{given!r}]")
    return frozenset(given)
