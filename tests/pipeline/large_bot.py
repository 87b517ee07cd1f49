"""More logs and traces than a Collector accepts at once: `python large_bot.py LINES LENGTH SPANS`. Needs no Discord."""

import logging
import os
import sys

import discord  # noqa: F401 - what is hooked
from opentelemetry import trace

log = logging.getLogger("large")
log.setLevel(logging.INFO)

lines, length, spans = (int(word) for word in sys.argv[1:])


def text() -> str:
    return os.urandom(length // 2).hex()  # which no compression makes short


for number in range(lines):
    log.info("%s %s", number, text())
for number in range(spans):
    with trace.get_tracer("large").start_as_current_span(f"large {number}") as span:
        span.set_attribute("text", text())
