"""One bot and its simulator, in a process of their own: carries out commands, and reports what could be observed.

    python -m tests.fuzz.performer bare|hooked [MODULE…]

where the modules are made impossible to import: without zstandard and orjson, discord.py uses zlib and json.
One JSON document a line, in and out. Two of these, one hooked and one bare, are what the fuzz compares.

The bot's event loop runs on a clock of its own, :data:`SPEED` times as fast: discord.py's waits (2 s after READY, 5 s
before an IDENTIFY, 1, 3, 5… s between attempts) are what they are, and take a fraction of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import re
import sys
import threading
import time
from collections import Counter
from typing import Any, TextIO

from discord_simulator import (
    BackgroundSimulator,
    Drip,
    NotConnectedError,
    RateLimited,
    Reply,
    Reset,
    ServerError,
    SimulatorError,
    Truncated,
    redirect,
)
from discord_simulator.snowflakes import created_at

if __name__ == "__main__":
    sys.modules.update(dict.fromkeys(sys.argv[2:]))  # type: ignore[arg-type]

from .bot import CALLS, SENTINEL, Form, FuzzedBot, make_bot

SPEED = 50
PATIENCE = 2.0
"""Seconds for one step to come to rest; what has not then is left over, and the bot is replaced."""

Observation = dict[str, Any]

_DIGITS = re.compile(r"\d{17,20}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?|datetime\.datetime\([\d, ]+")
_NONCE = re.compile(r"(nonce\W+)\d+")
_SIZES = re.compile(r"received \d+ of \d+ bytes")  # of a message with a nonce in it
# What a compression stream decodes to that has lost a part depends on every identifier that ever went through it.
_BROKEN_STREAM = re.compile(r"^(error|JSONDecodeError|UnicodeDecodeError|ZstdError): .*", re.DOTALL)
_HEX = re.compile(r"\b[0-9a-f]{32}\b")


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop on which time passes faster."""

    def __init__(self) -> None:
        super().__init__()
        select = self._selector.select  # type: ignore[attr-defined]
        self._selector.select = lambda timeout=None: select(timeout and timeout / SPEED)  # type: ignore[attr-defined]

    def time(self) -> float:
        return super().time() * SPEED


class Names:
    """Gives what differs from run to run a name by the order of its appearance."""

    def __init__(self, port: int) -> None:
        self._port = f":{port}"
        self._born = time.time() - 3600
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        text = _SIZES.sub("received half", text)
        text = _NONCE.sub(r"\1N", _ADDRESS.sub("0x", text)).replace(self._port, ":PORT")
        text = _TIME.sub("TIME", _HEX.sub("HEX", _TOKEN.sub("TOKEN", text)))
        return _DIGITS.sub(self._snowflake, text)

    def _snowflake(self, match: re.Match[str]) -> str:
        digits = match.group()
        if not self._born < created_at(int(digits)) < self._born + 86400:
            return digits  # the world's, or made up
        return self._known.setdefault(digits, f"#{len(self._known)}")


class Logs(logging.Handler):
    """Keeps what discord.py and asyncio log, by template, and what argus-otel and OpenTelemetry do."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: Counter[str] = Counter()
        self.ours: list[str] = []
        for name in ("discord", "asyncio", "argus_otel", "opentelemetry"):
            logging.getLogger(name).setLevel(logging.INFO)
            logging.getLogger(name).addHandler(self)
            logging.getLogger(name).propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("argus_otel", "opentelemetry")):
            self.ours.append(record.getMessage())
            return
        raised = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        template = str(record.msg).split("\n")[0]
        self.records[f"{record.name} {record.levelname} {template} {raised}"] += 1


class Performer:
    """Plays steps on one bot after another."""

    def __init__(self, simulator: BackgroundSimulator) -> None:
        self.simulator = simulator
        self.guild = simulator.world.guilds[next(iter(simulator.world.guilds))]
        self.logs = Logs()
        self.bot: FuzzedBot = make_bot()
        self.runner: asyncio.Task[None] | None = None
        self.types: Counter[str] = Counter()
        self._sentinels = 0
        self._frames = 0

    # -- a bot's life

    async def start(self) -> None:
        """Start a bot, and wait until it has its guilds."""
        self.bot = make_bot()
        self.runner = asyncio.create_task(self.bot.start(self.simulator.token))
        self.bot.reading = self.runner
        ready = asyncio.create_task(self.simulator.ready())
        await asyncio.wait([self.runner, ready], return_when=asyncio.FIRST_COMPLETED)
        if self.runner.done():
            await self.runner
        await ready
        await self.bot.wait_until_ready()
        self._sentinels = 0

    async def stop(self) -> str | None:
        """Close the bot; return how it ended, if it had."""
        assert self.runner is not None
        ended = None
        if self.runner.done():
            error = self.runner.exception()
            ended = f"{type(error).__name__}: {error}"
        await self.bot.close()
        await asyncio.wait([self.runner], timeout=PATIENCE * SPEED)
        self.runner.cancel()
        await asyncio.wait([self.runner])
        for task in self._tasks():
            task.cancel()
        if tasks := self._tasks():
            await asyncio.wait(tasks, timeout=PATIENCE * SPEED)
        await self.simulator.disconnected()
        self.types += self.bot.record.types
        return ended

    def _tasks(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks() - {asyncio.current_task(), self.runner}  # type: ignore[operator]

    # -- an example

    async def play(self, steps: list[list[Any]]) -> Observation:
        """Play the steps, each to its end, and return what could be observed of the bot."""
        simulator, record, names = self.simulator, self.bot.record, Names(self.simulator.port)
        self.types += record.types
        record.received.clear()
        record.types.clear()
        record.caused.clear()
        record.raised.clear()
        self.logs.records.clear()
        ledger = simulator.ledger
        before = len(ledger.rest_now()), len(ledger.closes), len(ledger.sessions), len(ledger.commands)
        # discord.py forgets a modal when it has been submitted.
        self.bot._connection.store_view(Form())
        results: list[str] = []
        rested = True
        for step in steps:
            with contextlib.suppress(NotConnectedError):
                await self._do(step, results)
            rested = await self._rest()
            # A global limit of no length is one that discord.py never lifts: all further calls would wait for it.
            rested = rested and self.bot.http._global_over.is_set()
            if not rested or self._over():
                break
        simulator.faults.clear()
        left = sorted(re.sub(r"\d+", "N", task.get_name()) for task in self._tasks())
        over = self._over()
        gc.collect()  # users are cached for as long as anything refers to them
        caches = self._caches()
        ended = await self.stop() if over or not rested else None
        gc.collect()
        seen: Observation = {
            "received": [names(line) for line in record.received],
            "caused": _counted(record.caused, names),
            "raised": _counted(record.raised, names),
            "results": [names(result) for result in results],
            "rest": _counted(
                Counter(
                    f"{entry.method} {entry.path} {json.dumps(entry.body, sort_keys=True)} {entry.status} {entry.fault}"
                    for entry in ledger.rest_now()[before[0] :]
                ),
                names,
            ),
            "closes": [f"{entry.code} {entry.by}" for entry in ledger.closes[before[1] :]],
            "sessions": [f"{entry.kind} {entry.accepted}" for entry in ledger.sessions[before[2] :]],
            "commands": [names(f"{entry.name} {entry.data}") for entry in ledger.commands[before[3] :]],
            "logs": _counted(self.logs.records, names),
            "caches": caches,
            "left": left,
            "ended": ended and (_BROKEN_STREAM.sub("a broken stream", ended) if _cuts(steps) else names(ended)),
        }
        if over or not rested:
            await self.start()
        return seen

    def _over(self) -> bool:
        return self.runner is None or self.runner.done()

    def _caches(self) -> dict[str, int]:
        state = self.bot._connection
        return {
            "guilds": len(state._guilds),
            "users": len(state._users),
            "messages": len(state._messages or ()),
            "private channels": len(state._private_channels),
            "emojis": len(state._emojis),
            "members": sum(len(guild._members) for guild in state._guilds.values()),
            "channels": sum(len(guild._channels) for guild in state._guilds.values()),
            "views": len(state._view_store._views),
            "modals": len(state._view_store._modals),
        }

    async def _do(self, step: list[Any], results: list[str]) -> None:
        simulator = self.simulator
        match step:
            case ["frames", list(frames)]:
                await self._send(frames)
            case ["fault", str(kind), dict(options), dict(where)]:
                simulator.faults.add(_fault(kind, options), **where)
            case ["drive", str(method), list(arguments), dict(options)]:
                with contextlib.suppress(SimulatorError, ValueError):
                    await getattr(simulator, method)(*arguments, **options)
            case ["call", str(name)]:
                await self._call(name, results)
            case _:
                raise ValueError(f"no such step: {step}")

    async def _call(self, name: str, results: list[str]) -> None:
        channel, user = self.guild.text_channel.id, self.guild.people[0].user.id
        task = asyncio.create_task(CALLS[name](self.bot, channel, user))
        # discord.py bounds no wait for a rate limit by itself.
        done, _ = await asyncio.wait([task], timeout=PATIENCE * SPEED)
        if not done:
            task.cancel()
            await asyncio.wait([task])
            results.append(f"{name} did not end")
        elif error := task.exception():
            results.append(f"{name} raised {type(error).__name__}: {error}")
        else:
            result = task.result()
            results.append(f"{name} returned {type(result).__name__}")

    async def _send(self, frames: list[list[Any]]) -> None:
        simulator = self.simulator
        fresh: dict[str, str] = {}

        async def burst() -> None:
            for frame in frames:
                match frame:
                    case ["json", message, str(kind), bool(compressed)]:
                        text = json.dumps(self._filled(message, kind, fresh))
                        await (simulator.send_message(text) if compressed else simulator.send_raw(text))
                    case ["cut", message, str(kind), int(cut)]:
                        await simulator.send_message(json.dumps(self._filled(message, kind, fresh)), cut=cut)
                    case ["text", str(text)]:
                        await simulator.send_raw(text)
                    case ["bytes", str(data)]:
                        await simulator.send_raw(bytes.fromhex(data))
                    case _:
                        raise ValueError(f"no such frame: {frame}")

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(burst(), simulator.loop))

    def _filled(self, message: Any, kind: str, fresh: dict[str, str]) -> Any:
        """Return a message with each ``$…`` replaced by an identifier that is in use now."""
        if isinstance(message, dict):
            return {self._filled(key, kind, fresh): self._filled(value, kind, fresh) for key, value in message.items()}
        if isinstance(message, list):
            return [self._filled(value, kind, fresh) for value in message]
        if not isinstance(message, str) or not message.startswith("$"):
            return message
        if message not in fresh:
            state = self.simulator.state
            if message in ("$interaction", "$token"):
                channel, user = self.guild.text_channel, self.guild.people[0].user
                made = state.interactions.start(kind or "component", "fuzz", shard_id=0, channel=channel, user=user)  # type: ignore[arg-type]
                fresh["$interaction"], fresh["$token"] = str(made.entry.id), made.token
            else:
                fresh[message] = state.gateway.url if message == "$gateway" else str(state.snowflakes.next())
        return fresh[message]

    async def _rest(self) -> bool:
        """Wait until the bot has read everything and its tasks are done; return whether that came to pass."""
        deadline = time.monotonic() + PATIENCE
        before = -1
        while time.monotonic() < deadline:
            await self._read_everything(deadline)
            while (self._tasks() or self.simulator.state.requests_in_flight) and time.monotonic() < deadline:
                await asyncio.sleep(0.002 * SPEED)
            now = len(self.bot.record.received) + len(self.simulator.ledger.rest) + sum(self.bot.record.caused.values())
            if now == before and not self._tasks():
                return True
            before = now
        return False

    async def _read_everything(self, deadline: float) -> None:
        simulator, sent = self.simulator, -1
        while time.monotonic() < deadline and not self._over():
            sessions = len(simulator.ledger.sessions)
            if sessions != sent:  # a session that began since has not received these messages
                wanted = self.bot.record.sentinels + 1
                with contextlib.suppress(NotConnectedError):
                    await simulator.dispatch(SENTINEL, {})
                    sent = sessions
            if sent == sessions and self.bot.record.sentinels >= wanted:
                return
            await asyncio.sleep(0.001 * SPEED)

    # -- what Discord really sends

    async def corpus(self) -> list[list[Any]]:
        """Return messages that the simulator sent, as [kind of interaction, message], with names for what is fresh."""
        sim, people, rest = self.simulator, self.guild.people, self._rest
        said = await sim.say("!ping")
        echoed = await sim.slash("echo", options={"text": "hello", "number": 2})
        panel = await echoed.response()
        for name, options in (
            ("slow", {"who": people[1]}),
            ("boom", {}),
            ("never", {}),
            ("group inner", {"where": self.guild.text_channel}),
            ("both", {"number": 0}),
        ):
            await sim.slash(name, options=options)
            await rest()
        await sim.autocomplete("echo", "text", "he")
        await rest()
        await sim.context_menu("user", "Who", people[0])
        await sim.context_menu("message", "What", said.message)
        await rest()
        for name in ("press", "crash"):
            await sim.click(panel, name)
            await rest()
        await sim.select(panel, "choose", ["one"])
        await rest()
        await sim.select(panel, "whom", [people[1].user.id])
        await rest()
        asked = await sim.click(panel, "ask")
        await rest()
        await sim.submit_modal(asked, {"Text": "words"})
        for text in ("!crash", f"!member {people[1].user.id}", "!both 0", "!unknown", "words"):
            said = await sim.say(text)
            await rest()
        await sim.edit_message(said.message, "other words")
        await sim.react(said.message)
        await sim.delete_message(said.message)
        await sim.typing()
        await sim.presence("idle")
        member = await sim.join_member()
        await sim.leave_member(member.user.id)
        guild = await sim.join_guild()
        await sim.begin_outage(guild)
        await sim.end_outage(guild)
        await sim.leave_guild(guild)
        await sim.say("direct", channel=sim.world.dm_channel(people[0].user))
        await rest()
        kinds = {str(entry.id): entry.kind for entry in sim.ledger.interactions_now()}
        (session,) = sim.state.gateway.sessions()
        seen: dict[str, list[Any]] = {}
        for sent in list(session._sent):
            if sent.event_type == SENTINEL:
                continue
            message = json.loads(sent.text)
            kind = kinds.get(str((message["d"] or {}).get("id")), "")
            named = _named(message, kind, {}, sim.gateway_url)
            seen.setdefault(json.dumps({**named, "s": None}), [kind, named | {"s": None}])
        return [seen[text] for text in sorted(seen)]  # whichever of two sockets was read first


def _named(value: Any, kind: str, known: dict[str, str], gateway: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {
            _named(name, "", known, gateway): _named(inner, kind, known, gateway, f"{key}.{name}")
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_named(inner, kind, known, gateway, f"{key}[]") for inner in value]
    if key.endswith("timestamp") and value is not None:
        return 1_700_000_000 if isinstance(value, int) else "2026-01-01T00:00:00+00:00"
    if not isinstance(value, str):
        return value
    if key.endswith("nonce"):
        return "1"
    if value == gateway:
        return "$gateway"
    if kind and key in (".d.id", ".d.token"):
        return "$interaction" if key == ".d.id" else "$token"
    if _HEX.fullmatch(value):
        return "0" * 32
    if _TIME.match(value):
        return "2026-01-01T00:00:00+00:00"
    if _DIGITS.fullmatch(value) and created_at(int(value)) > time.time() - 3600:
        return known.setdefault(value, f"$id{len(known)}")
    return value


def _counted(counter: Counter[str], names: Names) -> list[str]:
    # Named in a fixed order, and only then counted: names depend on who comes first.
    named = Counter[str]()
    for line in sorted(counter, key=lambda line: _DIGITS.sub("", line)):
        named[names(line)] += counter[line]
    return sorted(f"{count} x {line}" for line, count in named.items())


def _cuts(steps: list[list[Any]]) -> bool:
    return any(frame[0] == "cut" for step in steps if step[0] == "frames" for frame in step[1])


def _fault(kind: str, options: dict[str, Any]) -> Any:
    if kind == "reply":
        return Reply(options["status"], bytes.fromhex(options["body"]), options["headers"])
    kinds: dict[str, Any] = {
        "truncated": Truncated,
        "drip": Drip,
        "reset": Reset,
        "server": ServerError,
        "ratelimited": RateLimited,
    }
    return kinds[kind](**options)


async def serve(simulator: BackgroundSimulator, hooks: Any, out: TextIO) -> None:
    """Do what comes in, until nothing does."""
    performer = Performer(simulator)
    threading.excepthook = lambda unhandled: performer.logs.records.update([f"thread {unhandled.exc_type.__name__}"])
    await performer.start()
    gc.collect()
    gc.freeze()  # so that collecting what an example left is quick
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        match json.loads(line):
            case ["corpus"]:
                answer: Any = await performer.corpus()
            case ["play", list(steps)]:
                answer = await performer.play(steps)
            case ["restart"]:
                await performer.stop()
                await performer.start()
                answer = None
            case ["ours"]:
                answer = await hooks.account(performer)
            case other:
                raise ValueError(f"no such request: {other}")
        out.write(json.dumps(answer) + "\n")
        out.flush()
    await performer.stop()


def main(hooked: str) -> None:
    """Run until standard input ends."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what prints, prints elsewhere
    hooks = None
    if hooked == "hooked":
        from .hooks import Hooks

        hooks = Hooks()
    simulator = BackgroundSimulator(guilds=1, members=3, heartbeat_interval=1e6)
    loop = FastLoop()
    with simulator, redirect(simulator.url):
        loop.run_until_complete(serve(simulator, hooks, out))
    loop.close()


if __name__ == "__main__":
    main(sys.argv[1])
