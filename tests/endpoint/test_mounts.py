"""The endpoint's paths inside of web applications: real servers, asked over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from aiohttp import web
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from argus_otel.endpoint.mount.aiohttp_app import application
from argus_otel.endpoint.mount.answering import Answering
from argus_otel.endpoint.mount.asgi import AsgiApp
from argus_otel.endpoint.routes import Routes
from argus_otel.settings import Settings
from argus_otel.telemetry import Telemetry
from lab.processes import free_port, wait_until

from .conftest import Reply, Shown

ROOT = Path(__file__).resolve().parents[2]
PATHS = ("/", "/metrics", "/healthz", "/readyz", "/status")


class Mounted:
    """A web application with the paths below ``/argus``, that is being served."""

    def __init__(self, port: int, routes: Routes, telemetry: Telemetry) -> None:
        self.port = port
        self.routes = routes
        self.telemetry = telemetry

    def ask(self, path: str, method: str = "GET", **headers: str) -> Reply:
        return ask(self.port, path, method, **headers)


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


@contextmanager
def on_a_loop(serve: Callable[[asyncio.Event], Awaitable[object]]) -> Iterator[None]:
    """Run a server on an event loop of its own, until the block ends."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(stop)))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


@contextmanager
def by_uvicorn(app: Any, port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))

    async def serve(stop: asyncio.Event) -> None:
        serving = asyncio.ensure_future(server.serve())
        await stop.wait()
        server.should_exit = True
        await serving

    with on_a_loop(serve):
        wait_until(lambda: server.started, "uvicorn serves")
        yield


@contextmanager
def by_aiohttp(app: web.Application, port: int) -> Iterator[None]:
    up = threading.Event()

    async def serve(stop: asyncio.Event) -> None:
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        up.set()
        await stop.wait()
        await runner.cleanup()

    with on_a_loop(serve):
        assert up.wait(20)
        yield


@contextmanager
def fastapi(answering: Answering, port: int) -> Iterator[None]:
    app = FastAPI()
    app.mount("/argus", AsgiApp(answering))
    with by_uvicorn(app, port):
        yield


@contextmanager
def aiohttp(answering: Answering, port: int) -> Iterator[None]:
    app = web.Application()
    app.add_subapp("/argus", application(answering))
    with by_aiohttp(app, port):
        yield


Mount = Callable[..., Mounted]


@pytest.fixture(params=[fastapi, aiohttp], ids=["FastAPI", "aiohttp"])
def mount(request: pytest.FixtureRequest, registry: CollectorRegistry) -> Iterator[Mount]:
    from contextlib import ExitStack

    with ExitStack() as parts:

        def start(*, check_token: bool = True, **settings: object) -> Mounted:
            telemetry = Telemetry()
            resolved = Settings.resolve({}, settings)
            routes = Routes(resolved, telemetry, Shown(registry), lambda: {"service": "jukebox"})
            port = free_port()
            parts.enter_context(request.param(Answering(lambda: routes, check_token=check_token), port))
            return Mounted(port, routes, telemetry)

        yield start


class TestMounted:
    def test_every_path(self, mount: Mount) -> None:
        mounted = mount()
        assert mounted.ask("/argus/").headers["Content-Type"] == "text/html; charset=utf-8"
        assert 'songs_total{genre="polka"} 3.0' in mounted.ask("/argus/metrics").text
        assert json.loads(mounted.ask("/argus/healthz").body) == {"alive": True}
        assert mounted.ask("/argus/readyz").status == 503
        assert json.loads(mounted.ask("/argus/status").body) == {"service": "jukebox"}
        assert mounted.ask("/argus/favicon.ico").status == 404
        assert mounted.ask("/metrics").status == 404

    def test_headers_are_those_of_the_endpoint(self, mount: Mount) -> None:
        mounted = mount()
        for path in PATHS:
            headers = mounted.ask(f"/argus{path}").headers
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Content-Type-Options"] == "nosniff"
            (policy,) = headers.get_all("Content-Security-Policy") or []
            assert policy.startswith("default-src 'none'")

    def test_without_its_slash_it_is_found_too(self, mount: Mount) -> None:
        mounted = mount()
        reply = mounted.ask("/argus?last=5m")
        assert reply.status in (307, 308)
        place = reply.headers["Location"]
        assert place.endswith("argus/?last=5m")
        assert mounted.ask("/argus/?last=5m").status == 200

    def test_links_stay_below_the_mount(self, mount: Mount) -> None:
        text = mount().ask("/argus/").text
        assert 'href="metrics"' in text
        assert 'href="/' not in text

    def test_negotiation_and_gzip(self, mount: Mount) -> None:
        mounted = mount()
        reply = mounted.ask("/argus/metrics", Accept="application/openmetrics-text;version=1.0.0")
        assert reply.headers["Content-Type"].startswith("application/openmetrics-text")
        assert reply.text.endswith("# EOF\n")
        reply = mounted.ask("/argus/metrics", Accept_Encoding="gzip")
        assert "songs_total" in gzip.decompress(reply.body).decode()
        assert mounted.ask("/argus/metrics?name[]=no_such").text == ""

    @pytest.mark.parametrize("path", PATHS)
    def test_head(self, mount: Mount, path: str) -> None:
        mounted = mount()
        get, head = mounted.ask(f"/argus{path}"), mounted.ask(f"/argus{path}", "HEAD")
        assert (head.status, head.body) == (get.status, b"")
        assert head.headers["Content-Length"] == str(len(get.body))

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
    def test_other_methods(self, mount: Mount, method: str) -> None:
        reply = mount().ask("/argus/status", method)
        assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")

    def test_a_token_is_asked_for(self, mount: Mount) -> None:
        token = "fünf-geheime-Dinge"
        mounted = mount(endpoint_token=token)
        for path in ("/", "/metrics", "/status"):
            assert mounted.ask(f"/argus{path}").status == 401
            right = token.encode().decode("latin-1")
            assert mounted.ask(f"/argus{path}", Authorization=f"Bearer {right}").status == 200
        assert mounted.ask("/argus/healthz").status == 200

    def test_unless_the_application_around_it_does(self, mount: Mount) -> None:
        mounted = mount(check_token=False, endpoint_token="geheim")
        assert all(mounted.ask(f"/argus{path}").status != 401 for path in PATHS)

    def test_any_host_is_served(self, mount: Mount) -> None:
        assert mount().ask("/argus/status", Host="bot.example").status == 200

    def test_the_loop_is_not_kept_waiting(self, mount: Mount, registry: CollectorRegistry) -> None:
        go_on, here = threading.Event(), threading.Event()

        class Hanging:
            def describe(self) -> list[Any]:
                return []

            def collect(self) -> Iterator[Any]:
                here.set()
                go_on.wait(20)
                return iter(())

        mounted = mount()
        registry.register(Hanging())
        scrape = threading.Thread(target=mounted.ask, args=("/argus/metrics",))
        scrape.start()
        assert here.wait(10)
        began = time.monotonic()
        assert mounted.ask("/argus/healthz").status == 200
        assert time.monotonic() - began < 5
        go_on.set()
        scrape.join()

    def test_a_fault_is_answered(self, mount: Mount) -> None:
        mounted = mount()
        mounted.routes._status = lambda: 1 / 0  # type: ignore[assignment, return-value]
        assert mounted.ask("/argus/").status == 500
        assert set(mounted.telemetry.guard.faults) == {"endpoint /"}


class TestAsgi:
    """What a framework may ask, by the specification."""

    @staticmethod
    def app() -> AsgiApp:
        routes = Routes(Settings.resolve({}, {}), Telemetry(), None, lambda: {"service": "jukebox"})
        return AsgiApp(Answering(lambda: routes, check_token=True))

    @staticmethod
    def sent(app: AsgiApp, scope: dict[str, Any], *received: dict[str, Any]) -> list[dict[str, Any]]:
        incoming, out = list(received), list[dict[str, Any]]()

        async def receive() -> dict[str, Any]:
            return incoming.pop(0)

        async def send(message: Any) -> None:
            out.append(message)

        asyncio.run(app(scope, receive, send))
        return out

    @pytest.mark.parametrize(
        ("root", "path"),
        [("", "/status"), ("/argus", "/argus/status"), ("/argus", "/status"), ("/a/b/", "/a/b/status")],
    )
    def test_the_path_with_and_without_the_mount(self, root: str, path: str) -> None:
        scope = {"type": "http", "method": "GET", "path": path, "root_path": root, "query_string": b"", "headers": []}
        start, body = self.sent(self.app(), scope)
        assert start["status"] == 200
        assert json.loads(body["body"]) == {"service": "jukebox"}
        assert all(name == name.lower() for name, _ in start["headers"])

    def test_without_optional_keys(self) -> None:
        start, _ = self.sent(self.app(), {"type": "http", "method": "GET", "path": "/healthz", "headers": []})
        assert start["status"] == 200

    def test_by_itself_its_root_is_the_page(self) -> None:
        for path in ("", "/"):
            start, _ = self.sent(self.app(), {"type": "http", "method": "GET", "path": path, "headers": []})
            assert start["status"] == 200

    def test_lifespan(self) -> None:
        messages = ({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
        told = self.sent(self.app(), {"type": "lifespan"}, *messages)
        assert [message["type"] for message in told] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    def test_websocket(self) -> None:
        (told,) = self.sent(self.app(), {"type": "websocket"}, {"type": "websocket.connect"})
        assert told["type"] == "websocket.close"

    def test_something_else(self) -> None:
        with pytest.raises(ValueError, match="does not know the ASGI scope 'ftp'"):
            self.sent(self.app(), {"type": "ftp"})


_BEFORE_AND_AFTER = """
import asyncio, json, sys
import argus_otel

async def status(app, path="/status"):
    out = []
    async def send(message):
        out.append(message)
    await app({"type": "http", "method": "GET", "path": path, "headers": []}, None, send)
    return out[0]["status"], out[1]["body"].decode()

app = argus_otel.asgi()
argus_otel.aiohttp_app()
early = [name for name in ("argus_otel.runtime", "opentelemetry.sdk") if name in sys.modules]
async def main():
    before = [(await status(app, path))[0] for path in ("/", "/healthz", "/readyz", "/metrics")]
    argus_otel.instrument(endpoint=False, service_name="jukebox")
    import discord
    client = discord.Client(intents=discord.Intents.none())
    told = [(await status(app, path))[0] for path in ("/", "/healthz", "/readyz", "/metrics")]
    service = json.loads((await status(app))[1])["service"]
    argus_otel.uninstrument()
    after = [(await status(app, path))[0] for path in ("/", "/healthz", "/readyz", "/metrics")]
    print(json.dumps([early, before, told, service, after]))
asyncio.run(main())
"""


def test_before_the_program_is_instrumented_and_after(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
    command = [sys.executable, "-c", _BEFORE_AND_AFTER]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    early, before, told, service, after = json.loads(done.stdout)
    assert early == []
    assert before == [200, 200, 503, 404]
    assert told == [200, 200, 503, 200]
    assert service == "jukebox"
    assert after == [200, 200, 503, 200]
    assert "Traceback" not in done.stderr


@asynccontextmanager
async def example(sim: Any, name: str, log: Path, port: int) -> AsyncIterator[None]:
    own = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "ARGUS_"))}
    own |= {
        "DISCORD_TOKEN": sim.token,
        "DISCORD_SIMULATOR_URL": sim.url,
        "OPERATOR_PASSWORD": "geheim",
        "PORT": str(port),
    }
    command = (sys.executable, "-m", "discord_simulator", "run", f"examples/{name}.py")
    with log.open("wb") as file:
        bot = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=own, stdout=file, stderr=subprocess.STDOUT)
        try:
            await sim.ready(timeout=60)
            yield
        finally:
            bot.terminate()
            try:
                await asyncio.wait_for(bot.wait(), 20)
            except asyncio.TimeoutError:
                bot.kill()
                await bot.wait()


@pytest.mark.parametrize("name", ["fastapi_bot", "aiohttp_bot"])
def test_the_examples_serve_bot_application_and_page_on_one_port(tmp_path: Path, name: str) -> None:
    from discord_simulator import Simulator

    port, password = free_port(), "Basic b3BlcmF0b3I6Z2VoZWlt"

    async def main() -> None:
        async with Simulator() as sim, example(sim, name, tmp_path / "out", port):
            assert (await (await sim.slash("hello")).acknowledged()).content.startswith("Hello, <@")

            async def told(path: str, **headers: str) -> Reply:
                return await asyncio.to_thread(ask, port, path, **headers)

            assert json.loads((await told("/")).body) == {"guilds": len(sim.world.guilds)}
            for path in PATHS:
                refused = await told(f"/argus{path}")
                assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Basic")
            ready = await told("/argus/readyz", Authorization=password)
            assert json.loads(ready.body)["ready"] is True
            metrics = (await told("/argus/metrics", Authorization=password)).text
            assert 'discord_command_name="hello"' in metrics
            page = (await told("/argus/", Authorization=password)).text
            assert ">hello</th>" in page
            assert "greeter: ready" in page

    asyncio.run(main())
    assert "Traceback" not in (tmp_path / "out").read_text(encoding="utf-8")
