"""Hooks are placed at the import; ports, threads and signal handlers wait for the first client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ..launch.conftest import EVERY_WAY, INSTRUMENT, RUN

# What a process looks like from inside: its threads, whether a port listens, who handles SIGTERM, what is hooked.
_LOOK = """
import json, os, signal, socket, sys, threading

def look():
    from pathlib import Path
    sockets = {link for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()
               and (link := os.readlink(fd)).startswith("socket:")}
    client = getattr(sys.modules.get("discord"), "Client", None)
    return {
        "threads": sorted(t.name for t in threading.enumerate() if t is not threading.main_thread()),
        "sockets": len(sockets),
        "sigterm": signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
        "hooked": client is not None and hasattr(client.__init__, "__wrapped__"),
    }
"""

QUIET = {"threads": [], "sockets": 0, "sigterm": True, "hooked": True}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, which Linux has")


def run(
    way: list[str], directory: Path, source: str, variables: Mapping[str, str] = {}, words: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Run a program, and return what it has seen of itself."""
    (directory / "program.py").write_text(_LOOK + textwrap.dedent(source))
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_", "PYTEST"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{bare['PATH']}"
    done = subprocess.run(
        [*way, *(words or ("program.py",))],
        cwd=directory,
        env={**bare, "PATH": path, "ARGUS_ENDPOINT_PORT": "0", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("way", EVERY_WAY)
def test_an_import_opens_no_port_and_starts_no_thread(way: list[str], tmp_path: Path) -> None:
    seen = run(
        way,
        tmp_path,
        """
        import discord
        print(json.dumps(look()))
        discord.Client(intents=discord.Intents.none())
        print(json.dumps(look()))
        """,
    )
    assert seen[0] == QUIET
    assert "argus-otel endpoint" in seen[1]["threads"]
    assert seen[1]["sockets"] >= 1
    assert not seen[1]["sigterm"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_neither_does_a_worker(method: str, tmp_path: Path) -> None:
    seen = run(
        INSTRUMENT,
        tmp_path,
        f"""
        import multiprocessing
        def work():
            import discord
            print(json.dumps(look()), flush=True)
        if __name__ == "__main__":
            if {method!r} == "fork":
                import discord
            process = multiprocessing.get_context({method!r}).Process(target=work)
            process.start()
            process.join(30)
            assert process.exitcode == 0
        """,
    )
    (worker,) = seen
    assert {**worker, "sockets": 0} == QUIET  # a fork server talks to its parent over one


def test_neither_does_a_test_run(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from program import look\nimport json\n\n"
        "def test_it(capsys):\n    import discord\n    with capsys.disabled():\n"
        "        print()\n        print(json.dumps(look()))\n"
    )
    seen = run(INSTRUMENT, tmp_path, "", words=("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"))
    assert seen == [QUIET]


def test_neither_does_an_interpreter_that_is_typed_into(tmp_path: Path) -> None:
    """As a notebook's is."""
    (tmp_path / "typed.py").write_text(
        "import code\n"
        "code.InteractiveInterpreter().runcode(compile("
        "'import discord, json\\nfrom program import look\\nprint(json.dumps(look()))', 'cell', 'exec'))\n"
    )
    assert run(RUN, tmp_path, "", words=("typed.py",)) == [QUIET]


def test_a_client_that_is_made_before_the_hooks_activates_as_it_starts(tmp_path: Path) -> None:
    seen = run(
        [sys.executable],
        tmp_path,
        """
        import asyncio, discord, argus_otel
        client = discord.Client(intents=discord.Intents.none())
        argus_otel.instrument()
        print(json.dumps(look()))
        async def main():
            try:
                await client.login("")
            except Exception:
                pass
            print(json.dumps(look()))
            await client.close()
        asyncio.run(main())
        """,
        {"HTTPS_PROXY": "http://127.0.0.1:9"},
    )
    assert seen[0] == QUIET
    assert "argus-otel endpoint" in seen[1]["threads"]


@pytest.mark.parametrize(
    ("disabled", "parts"),
    [
        ("", {"source:process": "ok", "source:system": "ok"}),
        ("process", {"source:process": "off", "source:system": "ok"}),
        ("system", {"source:process": "ok", "source:system": "off"}),
        ("process,system", {"source:process": "off", "source:system": "off"}),
        ("langgraph", {"source:process": "ok", "source:system": "ok"}),
    ],
)
def test_each_source_is_switched_off_by_itself(disabled: str, parts: dict[str, str], tmp_path: Path) -> None:
    (seen,) = run(
        RUN,
        tmp_path,
        """
        import discord
        discord.Client(intents=discord.Intents.none())
        from argus_otel.runtime import runtime
        found = runtime().telemetry.health.parts("source:")
        print(json.dumps({name: part.state.value for name, part in found.items()}))
        """,
        {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": disabled},
    )
    # No checks are asked for, no graph is imported, and nothing trains.
    off = {"source:checks": "off", "source:graphs": "off", "source:training": "off"}
    assert seen == {"source:discord": "ok", **off, **parts}


@pytest.mark.parametrize("disabled", ["discord", "*"])
def test_without_any_that_could_be_activated_nothing_is_hooked(disabled: str, tmp_path: Path) -> None:
    (seen,) = run(
        RUN,
        tmp_path,
        """
        import discord
        discord.Client(intents=discord.Intents.none())
        loaded = [name for name in sys.modules if name.startswith("argus_otel.sources.discord.source")]
        print(json.dumps({**look(), "loaded": loaded}))
        """,
        {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": disabled},
    )
    assert seen == {**QUIET, "hooked": False, "loaded": []}
