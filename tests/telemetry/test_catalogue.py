from __future__ import annotations

from argus_otel.telemetry.catalogue import CATALOGUE


def test_what_we_tell_of_ourselves_stands_in_our_own_namespace_and_is_bounded() -> None:
    assert [metric.name for metric in CATALOGUE.metrics] == [
        "argus.hook.errors",
        "argus.hook.active",
        "argus.attribute.overflow",
        "argus.export.lost",
    ]
    assert all(0 < attribute.cap <= 100 for metric in CATALOGUE.metrics for attribute in metric.attributes)
