"""Reads an exposition page."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_classic


def samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """(name, labels, value) of each sample, in either format."""
    parse = parse_openmetrics if text.endswith("# EOF\n") else parse_classic
    for family in parse(text):
        for sample in family.samples:
            yield sample.name, dict(sample.labels), float(sample.value)
