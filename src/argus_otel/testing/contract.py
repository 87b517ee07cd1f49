"""The contract that every source must pass, as tests: :class:`SourceContract`."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from argus_otel.custom.reserved import RESERVED
from argus_otel.custom.values import is_id
from argus_otel.discovery import installed, load
from argus_otel.sources import patches
from argus_otel.sources.patches import Patch
from argus_otel.sources.spec import API, SourceSpec
from argus_otel.telemetry import Catalogue, Guard, IdReference, PartError, State

from .faults import FailingEndGuard, FailingGuard
from .observation import Observation, observe

_FIELDS = ("factory", "catalogue", "settings", "resource", "references", "history", "commands", "panels", "doctor")

_OFF = """
import importlib, json, sys
import argus_otel
argus_otel.instrument(endpoint=False)
for module in {modules!r}:
    importlib.import_module(module)
print(json.dumps([name for name in sys.modules if name.startswith({package!r})]))
"""


class SourceContract:
    """The tests of the contract. A test class derives from it, names a source and exercises the observed library.

    Attributes
    ----------
    source:
        The source's name.
    modules:
        The modules whose functions and classes the hooks replace.
    settings:
        Settings for these tests, as keywords of :func:`argus_otel.instrument`.
    """

    source: ClassVar[str]
    modules: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[dict[str, object]] = {}

    def exercise(self) -> object:
        """Use the observed library in every way, and return the results that the program gets.

        It runs many times, with hooks and without, and must return the same results each time.
        """
        raise NotImplementedError

    @property
    def spec(self) -> SourceSpec:
        """The source's specification."""
        return installed().specs[self.source]

    @property
    def catalogue(self) -> Catalogue:
        """The source's catalogue."""
        found: Catalogue = load(self.spec.catalogue)
        return found

    def observed(self, guard: type[Guard] = Guard) -> tuple[Observation, object]:
        """Exercise under observation; return the observation and the program's results."""
        with observe(self.source, guard=guard, settings=self.settings) as observation:
            return observation, self.exercise()

    # -- the specification and the catalogue

    def test_its_specification_names_what_is_there(self) -> None:
        """Every reference in it can be loaded."""
        assert 1 <= self.spec.api <= API
        assert self.spec.title
        for reference in (getattr(self.spec, field) for field in _FIELDS):
            assert reference is None or load(reference) is not None

    def test_its_specification_imports_nothing(self) -> None:
        """Loading it imports no module of OpenTelemetry."""
        package = self.spec.factory.partition(":")[0].rpartition(".")[0]
        program = f"import sys, {package}; print(*sorted(n for n in sys.modules if n.startswith('opentelemetry')))"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
        assert done.stdout.split() == []

    def test_its_names_begin_with_its_prefixes_or_with_a_convention_of_opentelemetrys(self) -> None:
        """No program and no other source can then use them."""
        catalogue = self.catalogue
        assert catalogue.name == self.source
        words = {metric.name.partition(".")[0] for metric in catalogue.metrics}
        words |= {event.name.partition(".")[0] for event in catalogue.events}
        assert words <= {*self.spec.prefixes, *RESERVED}

    def test_every_signal_has_a_description_and_a_unit(self) -> None:
        """No unit is 1, because Prometheus would spell the metric's name differently on each path."""
        catalogue = self.catalogue
        assert catalogue.metrics
        for metric in catalogue.metrics:
            assert metric.description, metric.name
            assert metric.unit != "1" or catalogue.external, f"{metric.name}: Prometheus would call it _ratio"
            assert all(attribute.description for attribute in metric.attributes), metric.name
        assert all(span.description for span in catalogue.spans)
        assert all(event.description for event in catalogue.events)

    def test_no_attribute_of_a_metric_is_an_id(self) -> None:
        """Ids belong on spans, events and rows."""
        references: dict[str, IdReference] = load(self.spec.references) if self.spec.references else {}
        ids = {reference.attribute for reference in references.values()}
        for metric in self.catalogue.metrics:
            assert ids.isdisjoint(attribute.name for attribute in metric.attributes), metric.name

    # -- the recorded signals

    def test_what_is_recorded_is_in_the_catalogue(self) -> None:
        """So are all metrics, spans, events and their attributes, and no value on a metric looks like an id."""
        observation, _ = self.observed()
        catalogue = self.catalogue
        metrics = {metric.name: {attribute.name for attribute in metric.attributes} for metric in catalogue.metrics}
        points = {name: found for name, found in observation.points().items() if name in metrics}
        assert points or catalogue.external, "nothing was recorded: exercise() has to use the observed library"
        for name, found in points.items():
            for attributes, _ in found:
                assert attributes.keys() <= metrics[name], name
                assert not any(is_id(value) for value in attributes.values()), (name, attributes)
        events = {event.name: set(event.attributes) for event in catalogue.events}
        for name, attributes, _ in observation.rows:
            assert name in events, name
            assert attributes.keys() <= events[name], name
        words = {span.work for span in catalogue.spans}
        for span in observation.spans():
            assert span.name.partition(" ")[0] in words or any("{" in word for word in words), span.name

    def test_it_changes_nothing_for_the_program(self) -> None:
        """The program gets the same results with the hooks as without."""
        bare = self.exercise()
        observation, results = self.observed()
        assert results == bare
        assert observation.telemetry.guard.faults == {}

    # -- faults

    @pytest.mark.parametrize("guard", [FailingGuard, FailingEndGuard])
    def test_hooks_that_raise_cost_the_program_nothing(self, guard: type[Guard]) -> None:
        """Every hook raises, when an operation begins or when it ends."""
        bare = self.exercise()
        observation, results = self.observed(guard)
        assert results == bare
        if guard is FailingGuard and observation.telemetry.health.parts("hook:"):
            assert observation.telemetry.guard.faults, "no hook ran: exercise() has to use the observed library"

    def test_each_patch_target_may_be_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """If it is, the hook is skipped and reported, and everything else goes on."""
        bare = self.exercise()
        observation, _ = self.observed()
        names = list(observation.telemetry.health.parts("hook:"))
        assert names or self.catalogue.external
        resolve = patches.resolve
        for missing in names:

            def without(patch: Patch, missing: str = missing) -> tuple[Any, str, Any]:
                if patch.name == missing:
                    raise PartError(f"{patch.target} is missing")
                return resolve(patch)

            monkeypatch.setattr(patches, "resolve", without)
            with observe(self.source, settings=self.settings) as observation:
                assert self.exercise() == bare, missing
                parts = observation.telemetry.health.parts("hook:")
                assert parts[missing].state is State.ABSENT
                assert all(part.state is not State.FAILED for part in parts.values())

    def test_uninstalling_leaves_nothing_behind(self) -> None:
        """Every function and class is the original again."""
        modules = [importlib.import_module(name) for name in self.modules]
        before = dict(_attributes(modules))
        for _ in range(2):
            observation, _ = self.observed()
            hooks = observation.telemetry.health.parts("hook:")
            assert all(part.state is State.OFF for part in hooks.values())
        after = dict(_attributes(modules))
        assert {name for name in before if after.get(name) is not before[name]} == set()

    def test_switched_off_it_is_free(self) -> None:
        """No module of the source but its specification is imported."""
        package = self.spec.factory.partition(":")[0]
        program = _OFF.format(modules=self.modules, package=package)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
        variables = {**kept, "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": self.source}
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout) == []


def _attributes(modules: list[types.ModuleType]) -> Iterator[tuple[tuple[str, str], object]]:
    for module in modules:
        for name, thing in vars(module).items():
            yield (module.__name__, name), thing
            if isinstance(thing, type):
                yield from (((f"{module.__name__}.{name}", each), value) for each, value in vars(thing).items())
