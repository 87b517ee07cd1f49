"""How long discord.py and its forks sleep before a retry, read from their source."""

from __future__ import annotations

import ast
from pathlib import Path

from argus_otel.sources.discord.rest.call import back_off

# The functions whose attempts are timed, by their module.
REQUESTS = {
    "http.py": "HTTPClient.request",
    "webhook/async_.py": "AsyncWebhookAdapter.request",
    "webhook/sync.py": "WebhookAdapter.request",
}


def sleeps_after_a_reset(text: str, function: str) -> list[float]:
    """Return how long a library sleeps after its first, second, third and fourth attempt, where each was reset.

    Raises:
        AssertionError: The source differs from that of every known version.
    """
    owner, name = function.split(".")
    (made,) = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == owner]
    (request,) = [
        node
        for node in made.body
        if isinstance(node, (ast.AsyncFunctionDef, ast.FunctionDef))
        and node.name == name
        and not any("overload" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    handlers = [node for node in ast.walk(request) if isinstance(node, ast.ExceptHandler)]
    (handler,) = [node for node in handlers if node.type is not None and ast.unparse(node.type) == "OSError"]
    (branch, passed_on) = handler.body
    assert isinstance(branch, ast.If)
    assert ".errno" in ast.unparse(branch.test)  # by number, or in disnake by name
    assert isinstance(passed_on, ast.Raise)
    (sleep, again) = branch.body
    assert isinstance(again, ast.Continue)
    (call,) = [node for node in ast.walk(sleep) if isinstance(node, ast.Call)]
    assert ast.unparse(call.func) in ("asyncio.sleep", "time.sleep")
    duration = compile(ast.Expression(call.args[0]), function, "eval")
    (loop,) = [node for node in ast.walk(request) if isinstance(node, ast.For) and handler in ast.walk(node)]
    attempts = ast.unparse(loop.target)
    return [float(eval(duration, {attempts: tries})) for tries in range(4)]  # noqa: S307 - the library's own source


def assert_ours(package: Path) -> None:
    """Assert that ``back_off`` agrees with the library in ``package``."""
    for module, function in REQUESTS.items():
        text = (package / module).read_text(encoding="utf-8")
        assert sleeps_after_a_reset(text, function) == [back_off(tries) for tries in range(4)], module
