"""``icmp``: echo requests, as ``ping`` sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Executor, Phases, Probe
from argus_otel.sources.checks.file.condition_types import DURATION, ComparisonType, shown_seconds
from argus_otel.sources.checks.file.field_types import FieldType, Integer, Record, Text, duration, option, share
from argus_otel.sources.checks.net.connection import allowed_address
from argus_otel.sources.checks.net.icmp import TOKEN, Echoes, Pinger

from .options import ConnectionOptions

_SPACING = 0.1
"""The time between two requests, in seconds, unless they would not fit into half of the timeout."""

_PATIENCE = 0.9
"""The share of the timeout after which a request counts as lost, so that the loss is told before the agent gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IcmpOptions(ConnectionOptions):
    """The options of an icmp check."""

    host: str = option(Text("a host name or an address"), "Who is asked for an echo.")
    count: int = option(Integer(1, 100), "How many requests are sent.", default=1)
    size: int = option(Integer(TOKEN, 9000), "How many bytes of data each has.", default=56)


class AnyReply(Condition):
    """At least one request was answered."""

    def __init__(self) -> None:
        super().__init__("loss", "< 100%", ErrorType.TIMEOUT)

    def contradiction(self, fact: object) -> str | None:
        """Look whether not all are lost."""
        return "the host answers no echo request" if fact == 1 else None


class IcmpExecutor(Executor[IcmpOptions]):
    """Sends echo requests."""

    type = "icmp"
    title = "echo requests of ICMP, as ping sends them"
    options = Record(IcmpOptions, short="host")
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {
        "duration": DURATION,
        "loss": ComparisonType("loss", ErrorType.TIMEOUT, share(), "{:.0%}".format, "< 20%"),
        "round_trip": ComparisonType("round_trip", ErrorType.SLOW, duration(), shown_seconds, "< 50ms"),
    }

    def host(self, options: IcmpOptions) -> str:
        """Return the host."""
        return options.host

    def defaults(self, options: IcmpOptions) -> tuple[Condition, ...]:  # noqa: ARG002 - the same for all
        """Expect a reply."""
        return (AnyReply(),)

    async def run(self, probe: Probe[IcmpOptions]) -> Mapping[str, object]:
        """Send the requests; the facts are loss, from 0 to 1, round_trip, the mean in seconds, and address."""
        options = probe.options
        end = monotonic() + probe.timeout * _PATIENCE
        probe.phases.begin("dns")
        found = await self.context.resolver.look_up(options.host, options.family_of_address())
        address = allowed_address(found, options.allowed())
        probe.phases.begin("first_byte")
        with Pinger(address, options.size) as pinger:
            for number in range(options.count):
                pinger.send()
                last = number == options.count - 1
                await _wait(pinger, end if last else monotonic() + _spacing(probe), probe.phases, until_settled=last)
        probe.phases.end()
        return {"address": str(address), **_facts(pinger.echoes)}


def _spacing(probe: Probe[IcmpOptions]) -> float:
    return min(_SPACING, probe.timeout / 2 / probe.options.count)


async def _wait(pinger: Pinger, end: float, phases: Phases, *, until_settled: bool) -> None:
    """Wait until a moment, or until nothing more is expected if that is enough."""
    while not (until_settled and pinger.echoes.settled) and (left := end - monotonic()) > 0:
        if not await pinger.wait(left):
            return
        if phases.now == "first_byte" and pinger.echoes.round_trips and not (until_settled and pinger.echoes.settled):
            phases.begin("transfer")


def _facts(echoes: Echoes) -> dict[str, object]:
    if not echoes.round_trips and echoes.unreached:
        raise CheckError(ErrorType.UNREACHABLE, "the network says that the host cannot be reached")
    facts: dict[str, object] = {"loss": echoes.loss}
    if echoes.round_trips:
        facts["round_trip"] = sum(echoes.round_trips.values()) / len(echoes.round_trips)
    return facts
