"""The contract between a source and the rest: one :class:`SourceSpec` for each source, found by entry point.

A distribution that brings a source names its specification in the group :data:`GROUP`::

    [project.entry-points.argus_otel_source]
    queue = "my_package.argus:SPEC"

A specification is plain data. Everything that costs an import stands in it as ``"package.module:name"`` and is loaded
when it is needed: a program that observes nothing of a source pays for none of it.
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
    """What a source is.

    Attributes
    ----------
    name:
        Its name, everywhere: the entry point's, the catalogue's, in settings, commands and folders.
    api:
        The version of this contract that it was written for; :data:`API` says which versions there are.
    title:
        What it observes, for people: ``discord.py``.
    factory:
        ``"package.module:name"`` of what makes the source: ``name(telemetry, settings, activate) -> Source``.
    catalogue:
        ``"package.module:name"`` of its :class:`~argus_otel.telemetry.Catalogue`.
    libraries:
        Requirements, any one of which is enough: ``("discord.py>=2.4,<3",)``. Empty for a source that needs none.
    imports:
        Modules. The source is made, and its hooks are placed, when one of them is imported. Empty: at once.
    activates:
        When it goes to work; see :data:`Activation`.
    prefixes:
        First words of names of metrics, spans, events and attributes that are the source's: a program's own
        :func:`argus_otel.count` cannot take them.
    replaces:
        Instrumentations of OpenTelemetry's own, by their entry points' names, that the source runs itself: the loader
        leaves them out.
    settings:
        ``"package.module:name"`` of its :class:`~argus_otel.settings.Table`.
    resource:
        ``"package.module:name"`` of a function ``name(settings) -> dict[str, str]``: what it adds to the resource.
    references:
        ``"package.module:name"`` of a mapping of keywords of :func:`argus_otel.record` to
        :class:`~argus_otel.telemetry.IdReference`.
    history:
        ``"package.module:name"`` of its history model: typed tables, views and questions.
    commands:
        ``"package.module:name"`` of its commands: ``argus-otel NAME COMMAND``.
    top:
        ``"package.module:name"`` of its panels of ``argus-otel top``.
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
        "prefixes",
        "replaces",
        "settings",
        "resource",
        "references",
        "history",
        "commands",
        "top",
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
        prefixes: tuple[str, ...] = (),
        replaces: tuple[str, ...] = (),
        settings: str | None = None,
        resource: str | None = None,
        references: str | None = None,
        history: str | None = None,
        commands: str | None = None,
        top: str | None = None,
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
        self.prefixes = prefixes
        self.replaces = replaces
        self.settings = settings
        self.resource = resource
        self.references = references
        self.history = history
        self.commands = commands
        self.top = top
        self.doctor = doctor
        self.assets = assets

    def is_off(self, disabled: Collection[str]) -> bool:
        """Whether it is among the names of ``OTEL_PYTHON_DISABLED_INSTRUMENTATIONS``, where ``*`` is every name."""
        return self.name in disabled or "*" in disabled

    def __repr__(self) -> str:
        return f"SourceSpec({self.name!r}, api={self.api})"


class Source:
    """What a specification's factory makes. A source overrides what it needs.

    Parameters
    ----------
    telemetry:
        What it records into.
    settings:
        As they are resolved, the source's own among them.
    activate:
        To be called at the first use of what is observed, where the specification says ``first_use``.
    """

    def __init__(self, telemetry: Telemetry, settings: Settings, activate: Activate) -> None:
        self.telemetry = telemetry
        self.settings = settings
        self.activate = activate

    def install(self) -> None:
        """Place the hooks; safe to repeat. Opens no port and starts no thread."""

    def uninstall(self) -> None:
        """Remove the hooks; safe to repeat. Counters keep their values."""

    def start(self) -> None:
        """Begin what an active process needs; called when the source is activated, and again after `uninstall`."""

    def end(self) -> None:
        """Prepare for the end of the process: the last export is still to come."""

    def drop_in_child(self) -> None:
        """After a fork, in the child: forget what is the parent's, and start no thread."""

    def describe(self) -> str:
        """Return one phrase for the line at start, such as ``34 hooks in discord.py 2.7.1``; empty for none."""
        return ""
