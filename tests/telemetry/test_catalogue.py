from __future__ import annotations

from argus_otel.telemetry.catalogue import CATALOGUE


def test_what_we_tell_of_ourselves_stands_in_our_own_namespace_and_is_bounded() -> None:
    assert [metric.name for metric in CATALOGUE.metrics] == [
        "argus.process.info",
        "argus.hook.errors",
        "argus.hook.active",
        "argus.attribute.overflow",
        "argus.exceptions",
        "argus.export.lost",
        "argus.history.events",
        "argus.history.dropped",
        "argus.history.expired",
        "argus.history.waiting",
    ]
    assert all(metric.unit != "1" for metric in CATALOGUE.metrics)
    attributes = [attribute for metric in CATALOGUE.metrics for attribute in metric.attributes]
    assert all(attribute.values or 0 < attribute.cardinality_limit <= 300 for attribute in attributes)
