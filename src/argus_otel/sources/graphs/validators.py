"""What the authors of graphs declare that checks their nodes' updates, by the graphs' names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from math import isfinite
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

from argus_otel.detections.findings import Severity

Result: TypeAlias = "bool | float | tuple[float, str] | None"
Validate: TypeAlias = "Callable[[str, Any], Result | Awaitable[Result]]"
"""Is given the node's name and its update: each key of the state that it has written, with the value.

Of a task or an entrypoint of the functional API, and of a state that has no keys, it is what the node has returned.
"""

T = TypeVar("T")

MOST_CHARACTERS = 100
"""How long the name of an evaluation and its label may be."""


class Validator(NamedTuple):
    """A function that checks what a node has written.

    Attributes
    ----------
    name:
        Of its evaluations.
    judges:
        Whether it scores, and so has no opinion if it returns nothing.
    """

    name: str
    validate: Validate
    judges: bool


class Validators(NamedTuple):
    """What is declared of a graph.

    Attributes
    ----------
    gates, others:
        By the node's name: those that run before the update is taken over, and those that run later.
    floor, floors:
        The lowest score that is not low, of all evaluations and by their names.
    severity:
        Of low evaluations.
    """

    gates: Mapping[str, tuple[Validator, ...]]
    others: Mapping[str, tuple[Validator, ...]]
    floor: float | None
    floors: Mapping[str, float]
    severity: Severity

    def floor_of(self, name: str) -> float | None:
        """Return the lowest score of an evaluation that is not low; ``None`` if there is none."""
        return self.floors.get(name, self.floor)


DECLARED: dict[str, Validators] = {}
"""Those of all graphs that have any."""


class GateFailed(Exception):  # noqa: N818 - what has happened, as LangGraph names its own
    """A validator that its author has declared to be a gate has refused what a node wrote.

    Attributes
    ----------
    graph, node, validator:
        Their names.
    """

    def __init__(self, graph: str, node: str, validator: str) -> None:
        super().__init__(f"the validator {validator} has refused what the node {node} of the graph {graph} wrote")
        self.graph = graph
        self.node = node
        self.validator = validator

    def __reduce__(self) -> tuple[type[GateFailed], tuple[str, str, str]]:
        return type(self), (self.graph, self.node, self.validator)


GateFailed.__module__ = "argus_otel.graphs"


Given: TypeAlias = "Mapping[str, Validate | Iterable[Validate]] | None"


def validators_of(
    validators: Given, judges: Given, floor: float | Mapping[str, float] | None, severity: str, gate: bool
) -> Validators | None:
    """Return what is declared of a graph; ``None`` if that is nothing.

    Raises
    ------
    TypeError
        A validator cannot be called.
    ValueError
        A floor is no finite number, or there is no such severity.
    """
    checked = _by_node("validators", validators, judges=False)
    judged = _by_node("judges", judges, judges=True)
    if severity not in [each.value for each in Severity]:
        raise ValueError(f"severity is one of {', '.join(each.value for each in Severity)}, not {severity!r}")
    floors = dict(floor) if isinstance(floor, Mapping) else dict[str, float]()
    lowest = None if isinstance(floor, Mapping) else floor
    for each in (*floors.values(), *([] if lowest is None else [lowest])):
        if not isinstance(each, (int, float)) or not isfinite(each):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(f"floor is a finite number, or numbers by the evaluations' names, not {each!r}")
    if not (checked or judged or floors or lowest is not None):
        return None
    others = judged if gate else {node: (*checked.get(node, ()), *judged.get(node, ())) for node in checked | judged}
    return Validators(checked if gate else {}, others, lowest, floors, Severity(severity))


def by_node(what: str, given: Mapping[str, T] | None) -> Mapping[str, T]:
    """Return what is declared by the names of nodes.

    Raises
    ------
    TypeError
        It is not given by names.
    """
    if given is not None and not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"{what} is a dictionary by the names of nodes, not {type(given).__name__}")
    return given or {}


def _by_node(what: str, given: Given, *, judges: bool) -> dict[str, tuple[Validator, ...]]:
    found: dict[str, tuple[Validator, ...]] = {}
    for node, functions in by_node(what, given).items():
        several = (functions,) if callable(functions) else _several(what, node, functions)
        for each in several:
            if not callable(each):
                raise TypeError(f"{what}[{node!r}] has something that is no function: {type(each).__name__}")
        found[node] = tuple(Validator(_name_of(each, node), each, judges) for each in several)
    return found


def _several(what: str, node: str, functions: object) -> tuple[Validate, ...]:
    if not isinstance(functions, Iterable):
        raise TypeError(f"{what}[{node!r}] is a function, or a list of functions, not {type(functions).__name__}")
    return tuple(cast("Iterable[Validate]", functions))


def _name_of(validate: Any, node: str) -> str:
    """Return the name of a function, or of the class of another callable; of a lambda that of the node."""
    function = getattr(validate, "func", validate)  # of a functools.partial
    name = str(getattr(function, "__name__", type(function).__name__))
    return node[:MOST_CHARACTERS] if name == "<lambda>" else name[:MOST_CHARACTERS]
