"""The sources that are installed, ours and those of other distributions, found by their entry points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Any, cast

from .otel.private import entry_points
from .sources.spec import API, GROUP, SourceSpec
from .telemetry.guard import attempt

_OWN_PACKAGE = __name__.partition(".")[0]


class Problem:
    """An installed source that cannot be used.

    Attributes
    ----------
    name:
        Its entry point's name.
    detail:
        The reason, and the remedy.
    """

    __slots__ = ("name", "detail")

    def __init__(self, name: str, detail: str) -> None:
        self.name = name
        self.detail = detail


class Installed:
    """The result of :func:`installed`.

    Attributes
    ----------
    specs:
        The usable sources, by name: argus-otel's own first, in its order, then others by name.
    problems:
        The other sources.
    """

    __slots__ = ("specs", "problems")

    def __init__(self, specs: dict[str, SourceSpec], problems: tuple[Problem, ...]) -> None:
        self.specs = specs
        self.problems = problems


_found: Installed | None = None


def installed() -> Installed:
    """Return the installed sources. They are searched once in a process; only specifications are imported."""
    global _found  # entry points do not change while a process runs, and reading them takes milliseconds
    if _found is None:
        _found = judge(entry_points(group=GROUP))
    return _found


def judge(entry_points: Iterable[EntryPoint]) -> Installed:
    """Load specifications; return the usable ones, and the reasons why others are not."""
    specs: dict[str, SourceSpec] = {}
    problems: list[Problem] = []
    # argus-otel's own keep their order, which the documentation follows.
    for point in sorted(entry_points, key=lambda point: "" if _is_own(point) else point.name):
        failures: list[str] = []
        spec: object = attempt(point.load, failures.append)
        wrong = f"{point.value} cannot be loaded: {failures[0]}" if failures else _wrong_with(point, spec, specs)
        if wrong is not None:
            problems.append(Problem(point.name, wrong))
        else:
            specs[point.name] = cast("SourceSpec", spec)
    return Installed(specs, tuple(problems))


def load(reference: str) -> Any:
    """Return what ``"package.module:name"`` names.

    Raises
    ------
    ImportError, AttributeError
        The module, or the name in it, does not exist.
    """
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)


def load_each(field: str) -> Iterator[tuple[SourceSpec, Any, str | None]]:
    """Load the object that a field of the specifications names; an error in one source does not affect others.

    Returns
    -------
    (specification, thing, reason)
        For each installed source that has the field. If the object cannot be loaded, it is ``None``, and there is a
        reason.
    """
    for spec in installed().specs.values():
        reference: str | None = getattr(spec, field)
        if reference is not None:
            failures: list[str] = []
            thing: Any = attempt(partial(load, reference), failures.append)
            yield spec, thing, next(iter(failures), None)


def _wrong_with(point: EntryPoint, spec: object, known: dict[str, SourceSpec]) -> str | None:
    if not isinstance(spec, SourceSpec):
        return f"{point.value} is {type(spec).__name__}; an entry point of {GROUP} has to name a SourceSpec"
    if spec.api > API:
        return f"it is written for version {spec.api} of the source contract, and this argus-otel has {API}: upgrade it"
    if spec.name != point.name:
        return f"{point.value} is named {spec.name!r}; both names have to be the same"
    if spec.name in known:
        return f"{_distribution(point) or point.value} brings a second source of this name; the first one is used"
    return None


def _is_own(point: EntryPoint) -> bool:
    # By the module: to ask for the distribution's name parses all of its metadata, its README included.
    return point.value.startswith(f"{_OWN_PACKAGE}.")


def _distribution(point: EntryPoint) -> str:
    distribution = point.dist
    return "" if distribution is None else distribution.name
