"""``command``: a program that says by its exit status whether all is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from argus_otel.sources.checks import program
from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import ErrorType, NotJudgedError
from argus_otel.sources.checks.executor import Executor, Probe
from argus_otel.sources.checks.file.command_conditions import ExitStatusType
from argus_otel.sources.checks.file.condition_types import DURATION, PatternType
from argus_otel.sources.checks.file.field_types import FieldType, ListOf, MappingOf, Record, Text, option, size
from argus_otel.sources.checks.file.places import Place
from argus_otel.telemetry import AttributeValue

_NOTHING: Mapping[str, str] = {}
_TEXTS = ListOf(Text())
_CONTEXT = ("traceparent", "tracestate", "baggage")
"""Passed on in variables: https://opentelemetry.io/docs/specs/otel/context/env-carriers/."""


class Arguments(FieldType["tuple[str, ...]"]):
    """A program and its arguments, each by itself: no shell would split one text into them."""

    right = "a list with a program and its arguments, such as [/usr/lib/nagios/plugins/check_disk, -w, 10%]"

    def read(self, place: Place) -> tuple[str, ...]:
        """Return them."""
        if not place.is_list:
            written = place.scalar(self.right)
            raise place.wrong(f"there is no shell that splits a text; write [{', '.join(written.split())}]")
        arguments = _TEXTS.read(place)
        if not arguments or not arguments[0]:
            raise place.wrong(f"there is no program; write {self.right}")
        return arguments

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema."""
        each = Text().schema()
        return {"type": "array", "prefixItems": [{**each, "minLength": 1}], "items": each, "minItems": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOptions:
    """The options of a command check."""

    run: tuple[str, ...] = option(Arguments(), "The program and its arguments. There is no shell.")
    environment: Mapping[str, str] = option(
        MappingOf(Text()), "Its variables; beside them it has `PATH` and `LC_ALL` only.", default=_NOTHING, secret=True
    )
    limit: float = option(size("64KiB"), "The largest output that is accepted.", default=1 << 16)


class CommandExecutor(Executor[CommandOptions]):
    """Runs a program, if the agent may."""

    type = "command"
    title = "a program and its exit status"
    options = Record(CommandOptions, short="run")
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {
        "duration": DURATION,
        "exit_status": ExitStatusType(),
        "output": PatternType("output", ErrorType.ANSWER),
    }

    def host(self, options: CommandOptions) -> str:
        """Return the program: so many copies of one run at the same time, and no more."""
        return f"command {options.run[0]}"

    def defaults(self, options: CommandOptions) -> tuple[Condition, ...]:  # noqa: ARG002 - the same for all
        """Expect the exit status 0."""
        return (ExitStatusType.condition(0),)

    def span_attributes(self, options: CommandOptions) -> Mapping[str, AttributeValue]:  # noqa: ARG002
        """Return nothing: there is no server, and arguments may be secret."""
        return {}

    async def run(self, probe: Probe[CommandOptions]) -> Mapping[str, object]:
        """Run it; the facts are exit_status and output."""
        if not self.context.allow_commands:
            raise NotJudgedError(
                ErrorType.BLOCKED,
                "this agent may not start programs: start it with --allow-commands, "
                "or set ARGUS_CHECKS_ALLOW_COMMANDS=true",
            )
        options = probe.options
        context = {name.upper(): value for name, value in probe.headers.items() if name in _CONTEXT}
        ended = await program.run(options.run, {**context, **options.environment}, int(options.limit))
        return {"exit_status": ended.status, "output": ended.output}
