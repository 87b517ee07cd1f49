"""The contract between a source and the rest: one :class:`SourceSpec` for each source, found by entry point.

A distribution that brings a source names its specification in the group :data:`GROUP`::

    [project.entry-points.argus_otel_source]
    queue = "my_package.argus:SPEC"

A specification is plain data. It refers to everything that costs an import as ``"package.module:name"``, which is
loaded when it is needed: a program that does not use what a source observes pays for none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from argus_otel.settings import Settings
    from argus_otel.telemetry import Telemetry

GROUP = "argus_otel_source"
"""The entry-point group of sources."""

API = 1
"""The version of this contract. A specification that asks for a newer one is refused, with one warning."""

Activation: TypeAlias = Literal["import", "first_use", "with_others"]
"""When a source is activated: at the import of one of its libraries, when it calls ``activate``, or with any other."""

Activate: TypeAlias = Callable[[], None]
"""Starts what only an observed process needs: endpoint, history, signal handlers. Safe to repeat; never raises."""


class SourceSpec:
    """The specification of a source.

    Attributes
    ----------
    name:
        Its name, the same everywhere: of the entry point and the catalogue, in settings, commands and folders.
    api:
        The version of this contract that it was written for, at most :data:`API`.
    title:
        The name of what it observes, for people: ``discord.py``.
    factory:
        ``"package.module:name"`` of a callable that creates it: ``name(telemetry, settings, activate) -> Source``.
    catalogue:
        ``"package.module:name"`` of its :class:`~argus_otel.telemetry.Catalogue`.
    libraries:
        Requirements, any one of which is enough: ``("discord.py>=2.4,<3",)``. Empty for a source that needs none.
    imports:
        Modules. The source is created and its hooks are applied when one of them is imported; at once if empty.
    activates:
        When it is activated; see :data:`Activation`.
    asked_for:
        ``"package.module:name"`` of a function ``name(settings) -> bool``: whether the settings ask for the source. It
        is then created at once, and activated with any other source.
    prefixes:
        First words of names of metrics, spans, events and attributes that are reserved for the source: a program's
        own :func:`argus_otel.count` refuses them.
    replaces:
        Instrumentations of OpenTelemetry's own, by their entry points' names, that the source runs itself: the loader
        leaves them out.
    supersedes:
        Instrumentations that observe the same, by their entry points' names: what the loader has loaded of them is
        switched off once one of ``imports`` is imported. Those that the program loads itself stay.
    instrumentor:
        The name of its instrumentor's entry point, if that is not its own: ``OTEL_PYTHON_DISABLED_INSTRUMENTATIONS``
        may say either.
    settings:
        ``"package.module:name"`` of its :class:`~argus_otel.settings.Table`.
    resource:
        ``"package.module:name"`` of a function ``name(settings) -> dict[str, str]``, its resource attributes.
    references:
        ``"package.module:name"`` of a mapping of keywords of :func:`argus_otel.record` to
        :class:`~argus_otel.telemetry.IdReference`.
    history:
        ``"package.module:name"`` of its history model: typed tables, views and questions.
    commands:
        ``"package.module:name"`` of its commands: ``argus-otel NAME COMMAND``.
    panels:
        ``"package.module:name"`` of its panels, for ``argus-otel top`` and the endpoint's page.
    doctor:
        ``"package.module:name"`` of its checks of ``argus-otel doctor``.
    assets:
        ``"package:directory"`` of its dashboards, alerts, rules and runbooks, laid out as this repository's:
        ``grafana/dashboards/NAME/``, ``grafana/provisioning/alerting/NAME.yaml``, ``prometheus/rules/NAME.yaml`` and
        ``NAME-*.yaml``, ``docs/runbooks/NAME.md``.
    """

    __slots__ = (
        "name",
        "api",
        "title",
        "factory",
        "catalogue",
        "libraries",
        "imports",
        "activates",
        "asked_for",
        "prefixes",
        "replaces",
        "supersedes",
        "instrumentor",
        "settings",
        "resource",
        "references",
        "history",
        "commands",
        "panels",
        "doctor",
        "assets",
    )

    def __init__(
        self,
        name: str,
        *,
        api: int,
        title: str,
        factory: str,
        catalogue: str,
        libraries: tuple[str, ...] = (),
        imports: tuple[str, ...] = (),
        activates: Activation = "first_use",
        asked_for: str | None = None,
        prefixes: tuple[str, ...] = (),
        replaces: tuple[str, ...] = (),
        supersedes: tuple[str, ...] = (),
        instrumentor: str | None = None,
        settings: str | None = None,
        resource: str | None = None,
        references: str | None = None,
        history: str | None = None,
        commands: str | None = None,
        panels: str | None = None,
        doctor: str | None = None,
        assets: str | None = None,
    ) -> None:
        self.name = name
        self.api = api
        self.title = title
        self.factory = factory
        self.catalogue = catalogue
        self.libraries = libraries
        self.imports = imports
        self.activates: Activation = activates
        self.asked_for = asked_for
        self.prefixes = prefixes
        self.replaces = replaces
        self.supersedes = supersedes
        self.instrumentor = instrumentor or name
        self.settings = settings
        self.resource = resource
        self.references = references
        self.history = history
        self.commands = commands
        self.panels = panels
        self.doctor = doctor
        self.assets = assets

    def is_off(self, disabled: Collection[str]) -> bool:
        """Whether it is among the names of ``OTEL_PYTHON_DISABLED_INSTRUMENTATIONS``, where ``*`` is every name."""
        return not {self.name, self.instrumentor, "*"}.isdisjoint(disabled)

    def __repr__(self) -> str:
        return f"SourceSpec({self.name!r}, api={self.api})"


class Source:
    """Base class of sources. A subclass overrides the methods that it needs.

    Parameters
    ----------
    telemetry:
        Records its signals.
    settings:
        The resolved settings, including the source's own.
    activate:
        The source calls it at the first use of what it observes, if its specification says ``first_use``.
    """

    def __init__(self, telemetry: Telemetry, settings: Settings, activate: Activate) -> None:
        self.telemetry = telemetry
        self.settings = settings
        self.activate = activate

    def install(self) -> None:
        """Apply the hooks. Safe to repeat. Opens no port and starts no thread."""

    def uninstall(self) -> None:
        """Revert the hooks. Safe to repeat. Counters keep their values."""

    def start(self) -> None:
        """Start what an active process needs. Called when the source is activated, and again after `uninstall`."""

    def end(self) -> None:
        """Prepare for the end of the process. Called before the last export."""

    def drop_in_child(self) -> None:
        """After a fork, in the child: forget the parent's state, and start no thread."""

    def resource(self) -> dict[str, str]:
        """Return resource attributes that are known once the source is activated, beside those of its specification."""
        return {}

    def describe(self) -> str:
        """Return one phrase for the line at start, such as ``34 hooks in discord.py 2.7.1``; empty for none."""
        return ""
