"""History at the bot, put together: journal, the thread that writes, and the way that the settings choose."""

from __future__ import annotations

from pathlib import Path

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.resources import Resource

from argus_otel.settings import Settings
from argus_otel.telemetry import PartError, Reading, Telemetry
from argus_otel.telemetry.catalogue import HISTORY_WAITING, WHERE

from .address import Address, parse
from .delivery import Carrier, Delivery, Direct, Writer
from .errors import AddressError
from .journal import Journal, users
from .spool import Spool, SpoolError
from .tally import Tally

_MIB = 1 << 20


class Recording:
    """What a process does for its history.

    Parameters
    ----------
    resource:
        Who is speaking.

    Raises
    ------
    PartError
        It cannot be done as the settings say. The message says what to do.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry, resource: Resource) -> None:
        self.part = f"exporter:history {settings.history}"
        self._settings = settings
        self._telemetry = telemetry
        self._tally = Tally(telemetry, self.part)
        self._spool = self._usable_spool()
        self._delivery = self._way(resource)
        self._journal = Journal(
            str(resource.attributes.get("service.name", settings.service_name)),
            str(resource.attributes.get("discord.cluster.id", "")),
            users(settings.history_users, settings.history_user_key),
            self._tally,
        )
        self._sink = telemetry.guard.shield("history", self._journal)
        # What it does over HTTP is no work of the bot's, to be traced or measured.
        self._writer = Writer(self._journal, self._delivery, telemetry.guard, around=suppress_instrumentation)

    def start(self) -> None:
        """Begin; once in a process."""
        self._writer.start()
        self._telemetry.gauge(HISTORY_WAITING, self._waiting)
        self._telemetry.health.add_section("history", self.describe)
        self._tally.works()
        self.resume()

    def resume(self) -> None:
        """Take what happens from now on."""
        self._telemetry.history = self._sink

    def pause(self) -> None:
        """Take nothing more; what has been taken is still delivered."""
        self._telemetry.history = None

    def end(self) -> None:
        """Deliver what can be before the process ends, and leave the rest on the disk."""
        self.pause()
        self._writer.end(self._settings.shutdown_timeout)

    def drop_in_child(self) -> None:
        """After a fork, in the child: leave everything to the parent, whose locks would not end before the child."""
        if self._spool is not None:
            self._spool.drop_in_child()

    def describe(self) -> dict[str, object]:
        """Return what ``/status`` tells of history: JSON-able, and free of secrets."""
        return {
            "mode": self._settings.history,
            "where": self._delivery.where,
            "users": self._settings.history_users,
            "spool": None if self._spool is None else str(self._spool.directory),
            "waiting": {str(attributes[WHERE.name]): int(number) for attributes, number in self._waiting()},
            **self._tally.describe(),
        }

    def _waiting(self) -> Reading:
        yield {WHERE.name: "memory"}, len(self._journal) + self._delivery.waiting()
        if self._spool is not None:
            try:
                yield {WHERE.name: "disk"}, self._spool.waiting()
            except SpoolError as error:
                self._tally.spool_fails(str(error))

    def _usable_spool(self) -> Spool | None:
        spool = Spool(Path(self._settings.history_spool).absolute(), int(self._settings.history_spool_limit * _MIB))
        try:
            spool.check()
        except SpoolError as error:
            self._tally.spool_fails(f"{error}; events wait in memory only")
            return None
        return spool

    def _way(self, resource: Resource) -> Delivery:
        guard = self._telemetry.guard
        if self._settings.history == "otlp":
            from .carriers.otlp import OtlpCarrier

            exporter = next(name for name in self._settings.logs_exporters if name.startswith("otlp"))
            return Direct(OtlpCarrier(exporter, resource), self._spool, self._tally, guard)
        address = self._address()
        if not address.embedded:
            return Direct(self._server(address), self._spool, self._tally, guard)
        if self._spool is None:
            raise PartError(f"{address} takes its events from a directory, and ARGUS_HISTORY_SPOOL cannot be used")
        from .carriers.embedded import Embedded

        return Embedded(address, self._spool, self._tally)

    def _address(self) -> Address:
        try:
            return parse(self._settings.history_store)
        except AddressError as error:
            raise PartError(str(error)) from error

    def _server(self, address: Address) -> Carrier:
        from .carriers.store import StoreCarrier

        return StoreCarrier(address)
