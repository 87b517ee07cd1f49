"""Records the history of one process: the buffer, the flush thread, and the delivery that the settings choose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from argus_otel.otel.event_logs import EventLogSender, suppress_instrumentation
from argus_otel.settings import Settings
from argus_otel.telemetry import PartError, Reading, Telemetry
from argus_otel.telemetry.catalogue import HISTORY_WAITING, WHERE

from .models import installed_schema
from .record.buffer import EventBuffer
from .record.delivery import Delivery, DirectDelivery
from .record.flush_thread import FlushThread
from .record.pseudonyms import pseudonymizer
from .record.spool import Spool, SpoolError
from .record.stats import Stats
from .store.address import Address, parse
from .store.errors import AddressError
from .store.schema import Schema

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

    from .files.writer import DayFileWriter

_MIB = 1 << 20
_RESOURCE = ("service.namespace", "service.version", "service.instance.id", "deployment.environment.name")


class Recording:
    """The history of one process.

    Parameters
    ----------
    resource:
        Of this process.

    Raises
    ------
    PartError
        It cannot be recorded as the settings say. The message says what to do.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry, resource: Resource) -> None:
        self.part = f"exporter:history {settings.history}"
        self._settings = settings
        self._telemetry = telemetry
        self._stats = Stats(telemetry, self.part)
        schema = installed_schema()
        self._spool: Spool | None = None
        self._files: DayFileWriter | None = None
        self._delivery = self._chosen_delivery(resource, schema)
        self._stats.destination = self._delivery.destination
        self._buffer = EventBuffer(
            str(resource.attributes.get("service.name", settings.service_name)),
            _identity(resource.attributes, schema),
            {name for model in schema.models for name in model.personal_attributes},
            pseudonymizer(settings.history_users, settings.history_user_key),
            self._stats,
        )
        self._sink = telemetry.guard.shield("history", self._buffer)
        # Its own HTTP requests are not the program's work, to be traced or measured.
        self._thread = FlushThread(self._buffer, self._delivery, telemetry.guard, around=suppress_instrumentation)

    def start(self) -> None:
        """Start to record; once in a process."""
        self._thread.start()
        self._telemetry.gauge(HISTORY_WAITING, self._waiting)
        self._telemetry.health.add_section("history", self.describe)
        self._stats.works()
        self.resume()

    def resume(self) -> None:
        """Record events from now on."""
        self._telemetry.history = self._sink

    def pause(self) -> None:
        """Record no more events; those in the buffer are still delivered."""
        self._telemetry.history = None

    def end(self) -> None:
        """Deliver as many events as possible before the process ends, and spool the rest."""
        self.pause()
        self._thread.end(self._settings.shutdown_timeout)

    def drop_in_child(self) -> None:
        """After a fork, in the child: leave the files to the parent, whose locks would otherwise outlive it."""
        if self._spool is not None:
            self._spool.drop_in_child()
        if self._files is not None:
            self._files.drop_in_child()

    def describe(self) -> dict[str, object]:
        """Return the section ``history`` of ``/status``: JSON-able, and free of secrets."""
        return {
            "mode": self._settings.history,
            "where": self._delivery.destination,
            "users": self._settings.history_users,
            "spool": None if self._spool is None else str(self._spool.directory),
            "waiting": {str(attributes[WHERE.name]): int(number) for attributes, number in self._waiting()},
            **self._stats.describe(),
        }

    def _waiting(self) -> Reading:
        yield {WHERE.name: "memory"}, len(self._buffer) + self._delivery.pending()
        if self._spool is not None:
            try:
                yield {WHERE.name: "disk"}, self._spool.waiting()
            except SpoolError as error:
                self._stats.spool_failed(str(error))

    def _usable_spool(self) -> Spool | None:
        spool = Spool(Path(self._settings.history_spool).absolute(), int(self._settings.history_spool_limit * _MIB))
        try:
            spool.check()
        except SpoolError as error:
            self._stats.spool_failed(f"{error}; events wait in memory only")
            return None
        return spool

    def _chosen_delivery(self, resource: Resource, schema: Schema) -> Delivery:
        address = None if self._settings.history == "otlp" else self._address()
        if address is not None and address.files is not None:
            return self._files_delivery(address, Path(address.files).absolute())
        guard = self._telemetry.guard
        self._spool = self._usable_spool()
        if address is None:
            from .record.exporters.otlp import OtlpExporter

            exporter = next(name for name in self._settings.logs_exporters if name.startswith("otlp"))
            return DirectDelivery(OtlpExporter(EventLogSender(exporter, resource)), self._spool, self._stats, guard)
        if not address.embedded:
            from .record.exporters.store import StoreExporter

            return DirectDelivery(StoreExporter(address, schema), self._spool, self._stats, guard)
        if self._spool is None:
            raise PartError(f"{address} takes its events from a directory, and ARGUS_HISTORY_SPOOL cannot be used")
        from .record.embedded_delivery import EmbeddedDelivery

        return EmbeddedDelivery(address, self._spool, self._stats)

    def _files_delivery(self, address: Address, directory: Path) -> Delivery:
        from .files.listing import FilesError
        from .files.writer import DayFileWriter
        from .record.files_delivery import FilesDelivery

        limit = int(self._settings.history_files_limit * _MIB)
        self._files = DayFileWriter(directory, limit, self._settings.history_files_days, self._stats.expired)
        try:
            self._files.check()
        except FilesError as error:
            raise PartError(f"{error}; name another directory with ARGUS_HISTORY_STORE=files:DIR") from error
        return FilesDelivery(str(address), self._files, self._stats)

    def _address(self) -> Address:
        try:
            return parse(self._settings.history_store)
        except AddressError as error:
            raise PartError(str(error)) from error


def _identity(resource: Mapping[str, object], schema: Schema) -> dict[str, str]:
    """Return the attributes of a resource that rows get: those that tell processes apart, and those of models."""
    names = (*_RESOURCE, *(name for model in schema.models for name in model.resource))
    return {name: str(resource[name]) for name in names if resource.get(name, "") != ""}
