"""The instrumentation scope of everything that argus-otel records, on every export path.

It has no schema URL. Our signals have only a part of the attributes that OpenTelemetry's semantic conventions require:
`server.port` is missing from HTTP metrics and spans, and `url.full` from spans, since it would hold tokens. And the URL
has the conventions' version in it and is a label of every series in Prometheus, so that each would begin anew with it.
"""

from __future__ import annotations

from typing import Any

SCOPE = "argus_otel"


def without_scope_labels(reader: type) -> dict[str, Any]:
    """Return the keyword with which OpenTelemetry's Prometheus reader leaves the scope out of the labels.

    Three labels on each series would say the same of all, and would be a third of the page. Before 0.64b0 the reader
    has neither the labels nor the keyword.
    """
    from inspect import signature  # at the first scrape, and not at each start

    keyword = "scope_info_enabled"
    return {keyword: False} if keyword in signature(reader).parameters else {}
