"""Bots that Discord posts interactions to: counted, timed and traced like those of the gateway, and each once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import discord
import pytest
from aiohttp import web
from discord import app_commands

from argus_otel.sources.discord import shards
from argus_otel.sources.discord.source import DiscordSource
from discord_simulator import BackgroundSimulator

from .conftest import Observed, deadline, make_bot, running, until

signing = pytest.importorskip("nacl.signing", reason="the simulator signs with PyNaCl: pip install 'discord.py[voice]'")
BadSignatureError = pytest.importorskip("nacl.exceptions").BadSignatureError

DURATION = "discord.interaction.duration"
RESPONSES = "discord.interaction.response.time"
UNACKNOWLEDGED = "discord.interaction.unacknowledged"
LATE = "discord.interaction.late"

Answer = Callable[[dict[str, Any]], Awaitable[web.Response]]


async def accepted(_: dict[str, Any]) -> web.Response:
    """Answer as Discord asks a server to that answers by the callback."""
    return web.Response(status=202)


@asynccontextmanager
async def posted_to(client: Any, simulator: BackgroundSimulator, answer: Answer = accepted) -> AsyncIterator[None]:
    """Serve an endpoint that hands interactions to a client that has logged in, and let Discord post to it."""
    key = signing.VerifyKey(bytes.fromhex(client.application.verify_key))

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        signed = request.headers["X-Signature-Timestamp"].encode() + body
        try:
            key.verify(signed, bytes.fromhex(request.headers["X-Signature-Ed25519"]))
        except BadSignatureError:
            return web.Response(status=401)
        data = json.loads(body)
        if data["type"] == 1:
            return web.json_response({"type": 1})
        client._connection.parse_interaction_create(data)
        return await answer(data)

    app = web.Application()
    app.add_routes([web.post("/interactions", handle)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        await simulator.set_interactions_endpoint(f"http://127.0.0.1:{runner.addresses[0][1]}/interactions")
        yield
    finally:
        await simulator.set_interactions_endpoint(None)
        await runner.cleanup()


@asynccontextmanager
async def logged_in(client: Any, simulator: BackgroundSimulator) -> AsyncIterator[None]:
    async with client:
        await client.login(simulator.token)
        yield


def make_client() -> Any:
    """Make a client with a command tree, as bots without a gateway have."""
    client = discord.Client(intents=discord.Intents.none())
    client.tree = app_commands.CommandTree(client)  # type: ignore[attr-defined]

    @client.tree.error  # type: ignore[attr-defined]
    async def quiet(_: object, __: object) -> None:
        pass

    add_commands(client.tree)  # type: ignore[attr-defined]
    return client


class Panel(discord.ui.View):
    @discord.ui.button(label="Press")
    async def press(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.send_modal(Form())


class Form(discord.ui.Modal, title="Form"):
    text: Any = discord.ui.TextInput(label="Text")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer()


def add_commands(tree: Any) -> None:
    @tree.command()
    async def ping(interaction: discord.Interaction) -> None:
        """Ping."""
        await interaction.response.send_message("pong", view=Panel())

    @tree.command()
    async def fail(_: discord.Interaction) -> None:
        """Fail."""
        raise KeyError("by hand")

    @tree.command()
    async def find(interaction: discord.Interaction, what: str) -> None:
        """Find."""

    @find.autocomplete("what")
    async def complete(_: discord.Interaction, __: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name="one", value="one")]

    @tree.command()
    async def quiet(_: discord.Interaction) -> None:
        """Leave the answer to the web server."""

    @tree.command()
    async def work(interaction: discord.Interaction) -> None:
        """Work on after the answer."""
        await asyncio.sleep(0.3)
        await interaction.followup.send("done")


def test_all_kinds_of_interactions_are_observed(observed: Observed, simulator: BackgroundSimulator) -> None:
    client = make_client()

    async def main() -> None:
        async with logged_in(client, simulator), posted_to(client, simulator):
            await client.tree.sync()
            shown = await (await simulator.slash("ping")).response()
            pressed = await simulator.click(shown, "Press")
            await (await simulator.submit_modal(pressed, {"Text": "fine"})).acknowledged()
            await (await simulator.autocomplete("find", "what", "o")).choices()
            with deadline(0.3):
                await simulator.slash("fail")
                await until(lambda: observed.values(UNACKNOWLEDGED))

    asyncio.run(main())
    ended = {key: number for key, number in observed.counts(DURATION).items() if number}
    assert ended == {
        ("application_command", "ping", None, "ok", None): 1,
        ("application_command", "fail", None, "error", "KeyError"): 1,
        ("component", None, "Panel.press", "ok", None): 1,
        ("modal_submit", None, "Form", "ok", None): 1,
        ("autocomplete", "find", None, "ok", None): 1,
    }
    entries = simulator.ledger.interactions_now()
    assert {entry.shard_id for entry in entries} == {-1}
    assert {entry.response_status for entry in entries} == {202}
    by_type = {"component": None, "modal_submit": None}
    for entry in entries:
        if entry.acknowledged:
            key = entry.kind, by_type.get(entry.kind, entry.name)
            assert observed.counts(RESPONSES)[key] == 1
            assert observed.sums(RESPONSES)[key] == pytest.approx(entry.acknowledged_after, abs=0.1)
    assert observed.values(UNACKNOWLEDGED) == {("application_command", "fail"): 1}
    (call,) = [span for span in observed.spans() if span.name.endswith("/callback") and is_child(observed, span)]
    assert observed.span("command fail").status.status_code.name == "ERROR"
    assert call.context.trace_id == observed.span("command ping").context.trace_id


def is_child(observed: Observed, span: Any) -> bool:
    return span.parent is not None and span.parent.span_id == observed.span("command ping").context.span_id


@pytest.mark.parametrize("kind", [5, 4])
def test_the_response_of_the_web_server_may_be_the_acknowledgement(
    observed: Observed, simulator: BackgroundSimulator, kind: int
) -> None:
    client = make_client()
    delay = 0.2

    async def answer(_: dict[str, Any]) -> web.Response:
        await asyncio.sleep(delay)
        return web.json_response({"type": kind, "data": {"content": "at once"}})

    async def main() -> None:
        async with logged_in(client, simulator), posted_to(client, simulator, answer):
            await client.tree.sync()
            for name in ("quiet", "work"):
                handle = await simulator.slash(name)
                assert (await handle.acknowledged()).type == kind
            await handle.followups() if kind == 4 else await handle.response()
            await until(lambda: len(observed.interactions) == 0)

    asyncio.run(main())
    assert observed.values(UNACKNOWLEDGED) == observed.values(LATE) == {}
    for name in ("quiet", "work"):
        (entry,) = (each for each in simulator.ledger.interactions_now() if each.name == name)
        assert observed.counts(RESPONSES)["application_command", name] == 1
        seconds = observed.sums(RESPONSES)["application_command", name]
        assert delay <= seconds <= entry.acknowledged_after
        assert seconds == pytest.approx(entry.acknowledged_after, abs=0.15)


def test_the_response_of_starlette_may_be_the_acknowledgement(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    why = "pip install fastapi uvicorn"
    applications = pytest.importorskip("starlette.applications", reason=why)
    responses = pytest.importorskip("starlette.responses", reason=why)
    routing = pytest.importorskip("starlette.routing", reason=why)
    uvicorn = pytest.importorskip("uvicorn", reason=why)
    client = make_client()

    async def handle(request: Any) -> Any:
        body = await request.body()
        key = signing.VerifyKey(bytes.fromhex(client.application.verify_key))
        try:
            key.verify(
                request.headers["X-Signature-Timestamp"].encode() + body,
                bytes.fromhex(request.headers["X-Signature-Ed25519"]),
            )
        except BadSignatureError:
            return responses.Response(status_code=401)
        data = json.loads(body)
        if data["type"] == 1:
            return responses.JSONResponse({"type": 1})
        client._connection.parse_interaction_create(data)
        return responses.JSONResponse({"type": 5})

    async def main() -> None:
        app = applications.Starlette(routes=[routing.Route("/", handle, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
        async with logged_in(client, simulator):
            await client.tree.sync()
            serving = asyncio.create_task(server.serve())
            await until(lambda: server.started)
            port = server.servers[0].sockets[0].getsockname()[1]
            await simulator.set_interactions_endpoint(f"http://127.0.0.1:{port}/")
            assert (await (await simulator.slash("quiet")).acknowledged()).type == 5
            await until(lambda: len(observed.interactions) == 0)
            await simulator.set_interactions_endpoint(None)
            server.should_exit = True
            await serving

    asyncio.run(main())
    assert observed.values(UNACKNOWLEDGED) == {}
    assert observed.counts(RESPONSES) == {("application_command", "quiet"): 1}


def test_a_response_after_the_deadline_is_no_acknowledgement(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    client = make_client()

    async def answer(_: dict[str, Any]) -> web.Response:
        await asyncio.sleep(3.2)
        return web.json_response({"type": 5})

    async def main() -> None:
        async with logged_in(client, simulator), posted_to(client, simulator, answer):
            await client.tree.sync()
            await simulator.slash("quiet")
            await until(lambda: observed.values(UNACKNOWLEDGED))

    asyncio.run(main())
    assert observed.counts(RESPONSES).get(("application_command", "quiet"), 0) == 0
    (entry,) = simulator.ledger.interactions_now()
    assert (entry.acknowledged, entry.response_status) == (False, 0)


def test_a_page_of_the_same_server_is_no_acknowledgement(observed: Observed, simulator: BackgroundSimulator) -> None:
    client = make_client()

    async def answer(_: dict[str, Any]) -> web.Response:
        return web.json_response({"status": "fine"})

    async def main() -> None:
        async with logged_in(client, simulator), posted_to(client, simulator, answer):
            await client.tree.sync()
            with deadline(1.0):
                await simulator.slash("quiet")
                await until(lambda: observed.values(UNACKNOWLEDGED))

    asyncio.run(main())
    assert observed.values(LATE) == {("unanswered", "application_command"): 1}


def test_a_bot_with_a_gateway_too_counts_each_once(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()
    add_commands(bot.tree)

    async def main() -> None:
        async with running(bot, simulator):
            for _ in range(3):
                await (await simulator.slash("ping")).acknowledged()
            async with posted_to(bot, simulator):
                for _ in range(4):
                    await (await simulator.slash("ping")).acknowledged()
            await (await simulator.slash("ping")).acknowledged()
            await until(lambda: len(observed.interactions) == 0)

    asyncio.run(main())
    assert observed.counts(DURATION) == {("application_command", "ping", None, "ok", None): 8}
    assert observed.counts(RESPONSES) == {("application_command", "ping"): 8}
    assert len(observed.spans("command ping")) == 8
    assert [entry.shard_id for entry in simulator.ledger.interactions_now()] == [0, 0, 0, -1, -1, -1, -1, 0]
    assert "parse_interaction_create" in vars(bot._connection)
    observed.source.uninstall()
    assert "parse_interaction_create" not in vars(bot._connection)  # no cycle is left behind


# -- readiness


def checks(observed: Observed) -> list[tuple[str, bool, str]]:
    return [(check.name, check.ready, check.detail) for check in observed.telemetry.health.checks()]


def test_a_client_without_a_gateway_is_ready_once_it_has_logged_in(
    observed: Observed, simulator: BackgroundSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "_WITHOUT_GATEWAY", 0.3)
    client = make_client()

    async def main() -> None:
        async with client:
            assert checks(observed) == [("shard 0", False, "no session")]
            await client.login(simulator.token)
            # `Client.start` would ask for the gateway now.
            assert checks(observed) == [("shard 0", False, "no session")]
            await asyncio.sleep(0.35)
            assert checks(observed) == [("login", True, "logged in, without a gateway")]
            told = {"framework": "the program's own web server"}
            assert observed.telemetry.health.sections()["http_interactions"] == told
            async with posted_to(client, simulator):
                await client.tree.sync()
                await (await simulator.slash("ping")).response()
            told = {"framework": "the program's own web server, on aiohttp"}
            assert observed.telemetry.health.sections()["http_interactions"] == told
        assert checks(observed) == []  # it has been closed
        assert observed.telemetry.health.sections()["http_interactions"] is None

    asyncio.run(main())


@pytest.mark.parametrize("kind", [discord.Client, discord.AutoShardedClient])
def test_a_client_that_wants_a_gateway_is_not_ready_without_one(
    observed: Observed, simulator: BackgroundSimulator, monkeypatch: pytest.MonkeyPatch, kind: type[discord.Client]
) -> None:
    monkeypatch.setattr(shards, "_WITHOUT_GATEWAY", 0.0)
    client = kind(intents=discord.Intents.none())

    async def refuse(*_: object, **__: object) -> None:
        asked.set()
        await asyncio.sleep(10)

    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "from_client", refuse)
    asked = asyncio.Event()

    async def main() -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(client)
            await client.login(simulator.token)
            connecting = asyncio.create_task(client.connect())
            await asyncio.wait_for(asked.wait(), 5)
            assert checks(observed) == [("shard 0", False, "no session")]
            assert observed.telemetry.health.sections()["http_interactions"] is None
            connecting.cancel()
            await asyncio.wait([connecting])

    asyncio.run(main())


def test_a_web_server_that_is_not_installed_is_no_missing_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("starlette.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)  # as if its import failed
    found = {name for name in DiscordSource.probe() if name.startswith("hook:HTTP interactions")}
    assert found == {"hook:HTTP interactions aiohttp.web_response.StreamResponse.prepare"}
