"""Frames that Discord never sends, and a broken proxy or a new version might: no fault in a hook, no leak, no poison.

Each of these was found by the fuzz (``tests/fuzz/``), which looks for more.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import discord
import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from discord_simulator import BackgroundSimulator, Malformed, NotConnectedError, Truncated

from .conftest import Observed, make_bot, running, until

ACTIVE = "discord.interaction.active"
EVENTS = "discord.gateway.events"
ATTEMPTS = "http.client.request.duration"


def interaction(simulator: BackgroundSimulator, **changes: Any) -> dict[str, Any]:
    """Return an interaction as Discord sends it, but for what is changed; ``...`` leaves a field out."""
    guild = simulator.guild()
    made = {
        "id": str(simulator.state.snowflakes.next()),
        "application_id": str(simulator.application_id),
        "type": 2,
        "token": "t" * 64,
        "version": 1,
        "data": {"id": "1", "name": "greet", "type": 1},
        "guild_id": str(guild.id),
        "channel_id": str(guild.text_channel.id),
        "locale": "en-US",
        "member": {
            "user": {"id": str(guild.people[0].user.id), "username": "u", "discriminator": "0", "avatar": None},
            "roles": [],
            "joined_at": "2026-01-01T00:00:00+00:00",
            "permissions": "0",
            "flags": 0,
        },
        **changes,
    }
    return {key: value for key, value in made.items() if value is not ...}


def survive(
    observed: Observed, simulator: BackgroundSimulator, frames: list[Any], monkeypatch: pytest.MonkeyPatch
) -> BaseException | None:
    """Send frames to a bot, return what it died of, and assert that it left nothing open and all can be exported."""
    monkeypatch.setattr("argus_otel.sources.discord.interactions.DEADLINE", 0.2)
    # orjson refuses what the standard library takes, and who has no `speed` extra has the latter.
    monkeypatch.setattr(discord.utils, "_from_json", json.loads)
    died: list[BaseException | None] = []

    async def main() -> None:
        bot = make_bot()
        connect = bot.connect

        async def watched(**options: Any) -> None:
            try:
                await connect(**options)
            except Exception as error:  # noqa: BLE001 - whatever it dies of
                died.append(error)

        bot.connect = watched
        async with running(bot, simulator):
            for frame in frames:
                if died:
                    break
                await simulator.send_raw(json.dumps(frame))
                await asyncio.sleep(0.05)
            await until(lambda: len(observed.interactions) == 0)

    asyncio.run(main())
    assert observed.faults() == {}
    assert not any(observed.values(ACTIVE).values())
    encode_metrics(observed.reader.get_metrics_data()).SerializeToString()
    encode_spans(observed.spans()).SerializeToString()
    return died[0] if died else None


@pytest.mark.parametrize(
    "kind", [["READY"], {"a": 1}, 7, 2**63, 2**70, True, 1.5, "\ud83d"], ids=lambda kind: type(kind).__name__
)
def test_an_event_type_that_is_no_text_or_no_unicode(
    observed: Observed, simulator: BackgroundSimulator, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    survive(observed, simulator, [{"op": 11, "t": kind, "s": None, "d": None}] * 2, monkeypatch)
    assert observed.values(EVENTS)["_OTHER",] == 2
    assert all(isinstance(name, str) for (name,) in observed.values(EVENTS))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"data": []}, id="data is a list"),
        pytest.param({"data": ...}, id="no data"),
        pytest.param({"data": {"id": "1", "type": 1}}, id="no name"),
        pytest.param({"data": {"id": "1", "name": ["x"], "type": 1}}, id="a name that is a list"),
        pytest.param({"data": {"id": "1", "name": 5, "type": 1}}, id="a name that is a number"),
        pytest.param({"data": {"id": "1", "name": "\ud83d", "type": 1}}, id="a name that is no unicode"),
        pytest.param({"data": {"id": "1", "name": "x", "type": {}}}, id="a command's type that is an object"),
        pytest.param({"data": {"id": "1", "name": "x", "type": 1, "options": [5]}}, id="options that are numbers"),
        pytest.param({"data": {"id": "1", "name": "x", "type": 1, "options": {"a": 1}}}, id="options in an object"),
        pytest.param({"id": ...}, id="no id"),
        pytest.param({"id": None}, id="an id that is null"),
        pytest.param({"id": "9" * 400}, id="an id beyond a float"),
        pytest.param({"id": -5}, id="an id below zero"),
        pytest.param({"type": []}, id="a type that is a list"),
        pytest.param({"type": ...}, id="no type"),
        pytest.param({"guild_id": "somewhere"}, id="a guild that is no number"),
        pytest.param({"guild_id": []}, id="a guild that is a list"),
        pytest.param({"channel_id": "\ud83d"}, id="a channel that is no unicode"),
        pytest.param({"member": 5, "user": ...}, id="a member that is a number"),
        pytest.param({"member": {"user": []}}, id="a user that is a list"),
        pytest.param({"token": {"a": 1}}, id="a token that is an object"),
        pytest.param({"token": 5}, id="a token that is a number"),
        pytest.param({"token": ...}, id="no token"),
        pytest.param({"type": 3, "data": {}}, id="a component without a custom_id"),
        pytest.param({"type": 5, "data": {"custom_id": [], "components": 5}}, id="a modal of nothing"),
    ],
)
def test_an_interaction_that_is_malformed(
    observed: Observed, simulator: BackgroundSimulator, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    data = interaction(simulator, **changes)
    survive(observed, simulator, [{"op": 0, "t": "INTERACTION_CREATE", "s": None, "d": data}], monkeypatch)
    assert observed.telemetry.redact("5 times") == "5 times"


def test_an_interaction_that_discord_py_cannot_parse_ends_with_what_it_raised(
    observed: Observed, simulator: BackgroundSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = interaction(simulator, token=...)
    frame = {"op": 0, "t": "INTERACTION_CREATE", "s": None, "d": data}
    assert isinstance(survive(observed, simulator, [frame], monkeypatch), KeyError)
    kind = "application_command"
    assert observed.counts("discord.interaction.duration") == {(kind, "greet", None, "error", "KeyError"): 1}
    assert observed.values("discord.interaction.unacknowledged") == {(kind, "greet"): 1}
    assert observed.span("command greet").attributes["error.type"] == "KeyError"


@pytest.mark.parametrize(
    ("fault", "error"), [(Malformed(), "JSONDecodeError"), (Truncated(), "ClientPayloadError")], ids=["json", "half"]
)
def test_an_answer_that_cannot_be_read_has_its_status_and_the_call_its_error(
    observed: Observed, simulator: BackgroundSimulator, fault: Any, error: str
) -> None:
    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            simulator.faults.add(fault, template="/users/{user_id}", times=1)
            with pytest.raises((json.JSONDecodeError, aiohttp.ClientPayloadError)) as raised:
                await bot.fetch_user(simulator.guild().people[0].user.id)
            assert type(raised.value).__name__ == error

    asyncio.run(main())
    found = {key[2:]: n for key, n in observed.counts(ATTEMPTS).items() if key[1] == "/users/{user_id}"}
    # A body that came in full has been read: that it is no JSON is the call's affair.
    assert found == {(200, "127.0.0.1", error if isinstance(fault, Truncated) else None): 1}
    assert observed.counts("discord.rest.duration")["GET", "/users/{user_id}", error] == 1
    assert observed.span("GET /users/{user_id}").attributes["http.response.status_code"] == 200


def test_a_bot_that_is_closed_while_it_waits_says_what_it_really_closed_with(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    async def main() -> None:
        async with running(make_bot(), simulator):
            pass
        await simulator.disconnected()

    asyncio.run(main())
    with pytest.raises(NotConnectedError):
        simulator.run(simulator.send_raw, "")
    theirs = {(str(shard), code): n for (shard, code, _), n in simulator.ledger.close_counts().items()}
    ours = {(str(shard), code): n for (shard, code), n in observed.values("discord.gateway.disconnects").items()}
    assert ours == theirs
