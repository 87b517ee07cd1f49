"""Attributes that the program adds to spans."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from argus_otel.telemetry import AttributeValue, Telemetry

from .misuse import MisuseWarnings, shown
from .values import ATTRIBUTE_RULE, VALUE_RULE, GivenAttributes, annotation_of, is_attribute_name, value_of

MAX_ANNOTATIONS = 64
"""How many attributes annotations may add, by name. A span holds 128, and drops its oldest for one more."""


class Annotations:
    """Checks and sets the attributes that the program adds to spans.

    Parameters
    ----------
    reserved:
        The attributes that sources set on spans.
    """

    def __init__(self, telemetry: Telemetry, misuse: MisuseWarnings, reserved: Collection[str]) -> None:
        self._telemetry = telemetry
        self._misuse = misuse
        self._reserved = reserved
        self._names: set[str] = set()

    def annotate(self, attributes: GivenAttributes | None, more: GivenAttributes) -> None:
        """Add attributes to the root span of the running work."""
        tracing = self._telemetry.tracing
        root = None if tracing is None else tracing.current_root()
        if root is None or not root.sampled:
            return
        if attributes is None:
            attributes = more
        elif isinstance(attributes, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            attributes = {**attributes, **more}
        else:
            problem = (
                "annotate takes a mapping or keywords: annotate({'playlist.name': 'jazz'}), annotate(playlist='jazz')"
            )
            self._misuse.warn_once("annotate", problem)
            return
        root.set_attributes(self.span_attributes("annotate", attributes))

    def span_attributes(self, function: str, attributes: GivenAttributes) -> dict[str, AttributeValue]:
        """Return the attributes of a call as a span may have them.

        Parameters
        ----------
        function:
            The public function that was called. The names of ``timed`` have been checked for its metric.
        """
        made: dict[str, AttributeValue] = {}
        for name, given in attributes.items():
            if given is None:
                continue
            value = value_of(given)
            problem = self._problem_with(name) if function == "annotate" else None
            if problem is None and value is None:
                problem = f"{VALUE_RULE}, not {type(given).__name__}"
            if problem is not None:
                self._misuse.warn_once(f"{function}({shown(name)})", f"{problem}. It is left out")
            elif value is not None:
                made[name] = annotation_of(value, self._telemetry.redact)
        return made

    def _problem_with(self, name: object) -> str | None:
        if name in self._names:
            return None
        if not isinstance(name, str) or not is_attribute_name(name):
            return ATTRIBUTE_RULE
        if name in self._reserved:
            return "argus-otel sets this attribute itself; choose another name"
        if len(self._names) >= MAX_ANNOTATIONS:
            return f"there are annotations by {MAX_ANNOTATIONS} other names already"
        self._names.add(name)
        return None
