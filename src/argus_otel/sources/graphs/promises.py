"""What the authors of graphs declare about them, by the graphs' names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from argus_otel.detections.facts import Promises

_declared: dict[str, Promises] = {}


def declare(
    name: str,
    *,
    reads: Mapping[str, Sequence[str]] | None = None,
    must_write: Mapping[str, Sequence[str]] | None = None,
    allow_empty: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> None:
    """Declare what is expected of a graph; see :func:`argus_otel.graphs.graph`.

    Raises
    ------
    TypeError
        Keys are not given as lists of names.
    ValueError
        ``ignore`` names a rule that there is not.
    """
    from argus_otel.detections.detect import RULES

    ignored = _names("ignore", ignore)
    unknown = ignored - {rule.id for rule in RULES}
    if unknown:
        raise ValueError(f"ignore: there is no rule {', '.join(sorted(unknown))}; see `argus-otel graphs rules`")
    _declared[name] = Promises(
        {node: tuple(_names(f"reads[{node!r}]", keys)) for node, keys in (reads or {}).items()},
        {node: tuple(_names(f"must_write[{node!r}]", keys)) for node, keys in (must_write or {}).items()},
        _names("allow_empty", allow_empty),
        ignored,
    )


def promises_of(name: str) -> Promises:
    """Return what is declared of a graph."""
    return _declared.get(name) or Promises()


def forget() -> None:
    """Forget all declarations, for tests."""
    _declared.clear()


def _names(what: str, given: Iterable[str]) -> frozenset[str]:
    if isinstance(given, str):
        raise TypeError(f"{what} is a text; write a list of names, such as [{given!r}]")
    return frozenset(given)
