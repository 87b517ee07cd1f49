"""The SDK in a forked child, where it goes on with what the parent had: what has to be the child's own is put into it.

The providers stay, since the bot's code holds tracers, meters and loggers of theirs. What is private to the SDK is
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any, cast

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource


def read_nothing(provider: MeterProvider) -> None:
    """Let nothing be measured, nor read: the locks of it may be held by threads that the child does not have."""
    made: Any = provider
    made._measurement_consumer._reader_storages = {}


def read_anew(provider: MeterProvider, readers: Sequence[MetricReader]) -> None:
    """Have ``readers`` take the place of a provider's, and begin at zero.

    The lock of its measurements may have been held by a thread that the child does not have.
    """
    from opentelemetry.sdk.metrics._internal.metric_reader_storage import MetricReaderStorage  # of such a child only

    made: Any = provider
    consumer = made._measurement_consumer
    consumer._lock = Lock()
    consumer._reader_storages = {
        reader: MetricReaderStorage(
            made._sdk_config, reader._instrument_class_temporality, reader._instrument_class_aggregation
        )
        for reader in cast("Sequence[Any]", readers)
    }
    made._metric_readers = readers
    for reader in consumer._reader_storages:
        reader._set_collect_callback(consumer.collect)
        reader._set_meter_provider(provider)


def rename(providers: Iterable[object], resource: Resource) -> None:
    """Have everything that providers have made speak as ``resource``."""
    new: Any = resource
    for provider in cast("Iterable[Any]", providers):
        config = getattr(provider, "_sdk_config", provider)
        known = getattr(config, "_resource", None) or getattr(config, "resource", None)
        if known is not None:  # changed, not replaced: tracers and loggers hold it too
            known._attributes = new._attributes
