"""Keys of model providers, and log records that quote what was said to models, leave with no telemetry."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.callbacks import BaseCallbackHandler

from argus_otel.sources.graphs import secrets
from argus_otel.sources.graphs.content import as_json
from argus_otel.telemetry import Telemetry
from argus_otel.telemetry.redaction import REDACTED
from argus_otel.testing import Observation
from benchmarks.graphs.judged_graphs import writes

from .running import run
from .shapes import SHAPES
from .test_evaluations import in_a_row

KEYS = [
    "sk-proj-Abc_def-0123456789",
    "sk-ant-api03-0123456789abcdef",
    "gsk_0123456789abcdefABCDEF",
    "xai-0123456789abcdefABCDEF",
    "hf_0123456789abcdefABCDEF",
    "AIzaSyA0123456789abcdefABCDEF_-",
    "lsv2_pt_0123456789abcdef_0123456789",
]
WORD = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

telemetry = Telemetry()
secrets.add_pattern(telemetry)


@given(st.sampled_from(KEYS), st.text().filter(lambda text: not text or not text[-1].isascii() or text[-1] not in WORD))
def test_a_key_is_removed_wherever_it_stands(key: str, before: str) -> None:
    for text in (before + key, before + key + "."):
        assert key not in telemetry.redact(text)
        content = as_json([{"role": "user", "parts": [{"type": "text", "content": text}]}])
        assert key not in telemetry.redact(content)
        assert REDACTED in telemetry.redact(content)
        assert key not in telemetry.redact(as_json({"arguments": json.dumps({"text": text})}))


@pytest.mark.parametrize(
    "text", ["task-force-of-seventeen-people", "sk-short", "disk-0123456789abcdefghij", "a hf_model"]
)
def test_other_words_stay(text: str) -> None:
    assert telemetry.redact(text) == text


@pytest.fixture
def forwarded(observed: Observation) -> Iterator[Callable[[], list[str]]]:
    """All that would be exported of the log records of this process, from DEBUG on."""
    pipeline = observed.telemetry.log_pipeline
    records: list[logging.LogRecord] = []
    pipeline.sink = lambda _, record: records.append(record)
    root, level = logging.getLogger(), logging.getLogger().level

    class Forwarding(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            pipeline.forward(logging.getLogger(record.name), record)

    handler = Forwarding()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    formatter = logging.Formatter()
    yield lambda: [f"{record.name} {formatter.format(record)}" for record in records]
    root.setLevel(level)
    root.removeHandler(handler)


SAID = "the parcel of 1 Main Street"


def test_langgraph_quotes_an_exception_that_it_tries_again_after(
    forwarded: Callable[[], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    run(next(shape for shape in SHAPES if shape.name == "recovered"))
    assert "after ValueError not yet" in caplog.text, "the program's own handlers get it"
    assert "not yet" not in str(forwarded())


def test_langchain_quotes_the_exception_of_a_handler(
    forwarded: Callable[[], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    class Handler(BaseCallbackHandler):
        def on_chain_start(self, *args: object, **_: object) -> None:
            raise ValueError(str(args))

    in_a_row(search=writes(docs=[])).invoke({"question": SAID}, {"callbacks": [Handler()]})
    assert SAID in caplog.text
    assert SAID not in str(forwarded())


def test_a_client_of_a_model_logs_whole_requests(forwarded: Callable[[], list[str]]) -> None:
    for client in ("openai", "anthropic", "groq"):
        logging.getLogger(f"{client}._base_client").debug("Request options: %s", {"json_data": SAID})
        logging.getLogger(f"{client}._base_client").info("Retrying request to /chat/completions in 0.5 seconds")
    logging.getLogger("shop").debug("a line of the program")
    assert len(forwarded()) == 4
    assert SAID not in str(forwarded())


def test_warnings_of_langgraph_are_exported(forwarded: Callable[[], list[str]]) -> None:
    for logger in ("langgraph.pregel", "langchain_core.tools", "langgraphs"):
        logging.getLogger(logger).warning("careful")
    assert len(forwarded()) == 3
