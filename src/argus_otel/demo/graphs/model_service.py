"""A model service on loopback: OpenAI's ``/v1/chat/completions``, whole answers and streams, without a model."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .ledger import Deed, Ledger
from .replies import Asked, Behaviour, Reply

HOST = "127.0.0.1"

_PATH = "/v1/chat/completions"
_LONGEST = 30.0
_POLL = 0.05
"""The longest time that it takes to end, in seconds."""


class ModelService:
    """Answers as a behaviour says, inside a ``with`` block.

    Parameters
    ----------
    behaviour:
        How its models answer.

    Attributes
    ----------
    ledger:
        What it did.
    url:
        What clients take as ``OPENAI_BASE_URL``.
    """

    def __init__(self, behaviour: Behaviour) -> None:
        self.ledger = Ledger()
        self._server = _Server(behaviour, self.ledger)
        self.url = f"http://{HOST}:{self._server.server_port}/v1"

    def __enter__(self) -> ModelService:
        serve = partial(self._server.serve_forever, _POLL)
        threading.Thread(target=serve, name="argus-otel demo models", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, behaviour: Behaviour, ledger: Ledger) -> None:
        super().__init__((HOST, 0), _Handler)
        self.behaviour, self.ledger = behaviour, ledger
        self.ids = itertools.count(1)

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over a client that has gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - it is the only one
    protocol_version = "HTTP/1.1"
    timeout = _LONGEST
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer, or refuse to, and record it."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != _PATH:
            self._send(404, _error("there is nothing here"))
            return
        asked = json.loads(body)
        reply = self.server.behaviour(Asked(asked["model"], asked["messages"]))
        attempt = int(self.headers.get("x-stainless-retry-count", 0))
        if attempt < len(reply.refusals):
            status = reply.refusals[attempt]
            self.server.ledger.record(Deed(asked["model"], attempt, status))
            self._send(status, _error("not now"))
        elif asked.get("stream"):
            self._stream(asked, attempt, reply)
        else:
            self._answer(asked, attempt, reply)

    def _answer(self, asked: Mapping[str, Any], attempt: int, reply: Reply) -> None:
        usage = _usage(asked, reply) if reply.reports_usage else {}
        message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
        if reply.tools:
            message["tool_calls"] = self._tool_calls(reply)
        choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": None}
        answer = {**self._head(asked, "chat.completion"), "choices": [choice]}
        if usage:
            answer["usage"] = usage
        self._record(asked, attempt, 0, usage)
        self._send(200, answer)

    def _stream(self, asked: Mapping[str, Any], attempt: int, reply: Reply) -> None:
        """Send the answer word by word, and its usage last, if the client asks for that."""
        options: Mapping[str, Any] = asked.get("stream_options") or {}
        usage = _usage(asked, reply) if options.get("include_usage") and reply.reports_usage else {}
        head = self._head(asked, "chat.completion.chunk")
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        chunks = [{**head, "choices": [choice]} for choice in self._choices(reply)]
        if usage:
            chunks.append({**head, "choices": [], "usage": usage})
        # Before the last one is sent, after which the client goes on.
        self._record(asked, attempt, len(chunks), usage)
        for chunk in chunks:
            time.sleep(reply.pause)
            self._send_piece(f"data: {json.dumps(chunk)}\n\n")
        self._send_piece("data: [DONE]\n\n")
        self._send_piece("")

    def _choices(self, reply: Reply) -> Iterator[dict[str, Any]]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": word} for word in _words(reply.text)]
        calls = self._tool_calls(reply)
        deltas += [{"tool_calls": [{"index": place, **call}]} for place, call in enumerate(calls)]
        for delta in deltas:
            yield {"index": 0, "delta": delta, "finish_reason": None}
        yield {"index": 0, "delta": {}, "finish_reason": reply.finish_reason}

    def _tool_calls(self, reply: Reply) -> list[dict[str, Any]]:
        return [
            {
                "id": f"call_{next(self.server.ids)}",
                "type": "function",
                "function": {"name": tool.name, "arguments": json.dumps(tool.arguments)},
            }
            for tool in reply.tools
        ]

    def _head(self, asked: Mapping[str, Any], kind: str) -> dict[str, Any]:
        number = next(self.server.ids)
        return {"id": f"chatcmpl-{number}", "object": kind, "created": int(time.time()), "model": asked["model"]}

    def _record(self, asked: Mapping[str, Any], attempt: int, chunks: int, usage: Mapping[str, Any]) -> None:
        tokens = usage.get("prompt_tokens"), usage.get("completion_tokens")
        self.server.ledger.record(Deed(asked["model"], attempt, 200, chunks, *tokens))

    def _send(self, status: int, body: Mapping[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.send_header("retry-after-ms", "10")  # OpenAI's client heeds it; otherwise it waits for half a second
        self.end_headers()
        self.wfile.write(data)

    def _send_piece(self, text: str) -> None:
        """Send a piece of a body whose length is not known; an empty one ends it."""
        data = text.encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing: the ledger has it."""


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}


def _words(text: str) -> list[str]:
    """Return the words of a text, each with the space after it."""
    return [f"{word} " for word in text.split(" ")[:-1]] + text.split(" ")[-1:] if text else []


def _usage(asked: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    """Count words as tokens, and each tool that is asked for as five."""
    given = sum(len(str(message.get("content") or "").split()) for message in asked["messages"])
    taken = len(_words(reply.text)) + 5 * len(reply.tools)
    return {
        "prompt_tokens": given,
        "completion_tokens": taken,
        "total_tokens": given + taken,
        "prompt_tokens_details": {"cached_tokens": reply.cached},
    }
