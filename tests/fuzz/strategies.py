"""Malformed input that Discord might send: gateway frames and responses of the API."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

Message = dict[str, Any]
Path = tuple[Any, ...]

_DEEP: Any = []
for _ in range(60):
    _DEEP = [_DEEP, {"deep": 1}] if len(_DEEP) % 2 else [_DEEP]

JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2,
    3,
    5,
    2**31,
    2**63,
    2**64 + 1,
    10**30,
    1.5,
    -1e308,
    "",
    "0",
    "-1",
    "abc",
    "\x00\ud83d",
    "9" * 25,
    "9" * 5000,
    "$interaction",
    "$id0",
    [],
    [None],
    [[]],
    ["x", 1],
    {},
    {"id": "1"},
    {"id": None, "type": []},
    _DEEP,
]
"""Values that replace a field's. Names with a dollar stand for identifiers that are in use."""

OPERATIONS = [0, 1, 3, 6, 7, 8, 9, 11, 12, 99, -1, 2**70, None, "0", [], {}]
TYPES = [
    "READY",
    "RESUMED",
    "MESSAGE_CREATE",
    "INTERACTION_CREATE",
    "GUILD_CREATE",
    "GUILD_DELETE",
    "GUILD_MEMBERS_CHUNK",
    "VOICE_STATE_UPDATE",
    "THREAD_CREATE",
    "NOBODY_KNOWS_THIS",
    "",
    "ready",
    1,
    0,
    True,
    1.5,
    ["READY"],
    {"a": 1},
    None,
]
SEQUENCES = [None, 0, -1, 1, 10**6, 2**70, "5", 1.5, [], True]


def paths(value: Any, at: Path = ()) -> list[Path]:
    """Return the path of every value in a message, without the message itself."""
    found: list[Path] = []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        found.append((*at, key))
        found.extend(paths(each, (*at, key)))
    return found


def _container(message: Any, path: Path) -> Any:
    for key in path[:-1]:
        message = message[key]
    return message


@st.composite
def mutated(draw: st.DrawFn, message: Message) -> Message:
    """Return a message of Discord's with some things wrong."""
    message = copy.deepcopy(message)
    for _ in range(draw(st.integers(1, 3))):
        found = paths(message)
        # What stands near the top decides more.
        near = [path for path in found if len(path) <= 3]
        path = draw(st.sampled_from(near if near and draw(st.booleans()) else found or [("t",)]))
        holder, key = _container(message, path), path[-1]
        match draw(st.sampled_from(["junk", "junk", "drop", "swap", "wrap", "rename", "twice"])):
            case "drop":
                del holder[key]
            case "swap":
                other = draw(st.sampled_from(found))
                holder[key] = (
                    copy.deepcopy(_container(message, other)[other[-1]]) if other[: len(path)] != path else None
                )
            case "wrap":
                holder[key] = [holder[key]]
            case "rename" if isinstance(holder, dict):
                holder[f"{key}x"] = holder.pop(key)
            case "twice" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case _:
                holder[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
    return message


@st.composite
def enveloped(draw: st.DrawFn, message: Message) -> Message:
    """Return a message with another envelope: operation, type, sequence, or no data."""
    message = dict(message)
    for key, values in (("op", OPERATIONS), ("t", TYPES), ("s", SEQUENCES), ("d", JUNK)):
        if draw(st.integers(0, 2)) == 0:
            message[key] = copy.deepcopy(draw(st.sampled_from(values)))
    return message


HELLOS = st.sampled_from(
    [None, {}, [], "x", *({"heartbeat_interval": junk} for junk in (10**9, None, "45000", [], {}, "\x00"))]
).map(lambda data: {"op": 10, "t": None, "s": None, "d": data})


@st.composite
def frames(draw: st.DrawFn, corpus: list[list[Any]]) -> list[Any]:
    """Return one frame of the gateway, as the performer takes it."""
    interactions = [each for each in corpus if each[0]]
    kind, message = draw(st.one_of(st.sampled_from(interactions), st.sampled_from(corpus)))
    compressed = draw(st.booleans())
    match draw(
        st.sampled_from(["mutated"] * 12 + ["whole"] * 2 + ["enveloped"] * 3 + ["hello", "text", "bytes", "cut"])
    ):
        case "mutated":
            return ["json", draw(mutated(message)), kind, compressed]
        case "whole":
            return ["json", message, kind, compressed]
        case "enveloped":
            return ["json", draw(enveloped(message)), kind, compressed]
        case "hello":
            return ["json", draw(HELLOS), "", compressed]
        case "text":
            text = json.dumps(message)
            cut = draw(
                st.sampled_from([text[: draw(st.integers(0, len(text) - 1))], "", "null", "[]", "1", '"x"', "{}", "{]"])
            )
            return ["text", cut]
        case "bytes":
            return ["bytes", draw(st.binary(max_size=40)).hex()]
        case _:
            return ["cut", message, kind, draw(st.integers(1, 60))]


def conversations(corpus: list[list[Any]]) -> st.SearchStrategy[list[list[Any]]]:
    """Return some bursts of frames, now and then with what Discord itself does in between."""
    burst = st.lists(frames(corpus), min_size=1, max_size=4).map(lambda found: ["frames", found])
    driven = st.sampled_from(
        [
            ["drive", "ask_reconnect", [], {}],
            ["drive", "invalidate_session", [], {"resumable": False}],
            ["drive", "invalidate_session", [], {"resumable": True}],
            ["drive", "close_gateway", [4000], {}],
            ["drive", "close_gateway", [1000], {"resumable": False}],
            ["drive", "close_gateway", [4009], {"resumable": False}],
            ["drive", "close_gateway", [4999], {}],
            ["drive", "close_gateway", [4014], {}],
            ["drive", "drop_gateway", [], {}],
            ["drive", "slash", ["echo"], {"options": {"text": "hello"}}],
            ["drive", "say", ["!ping"], {}],
        ]
    )
    return st.lists(st.one_of(burst, burst, burst, burst, driven), min_size=1, max_size=3)


# -- the API's answers

STATUSES = [
    200,
    200,
    201,
    204,
    301,
    400,
    401,
    403,
    404,
    405,
    409,
    418,
    429,
    429,
    429,
    429,
    500,
    501,
    502,
    503,
    504,
    520,
    524,
]
BODIES: list[bytes] = [
    b"",
    b"{",
    b"{}",
    b"[]",
    b"null",
    b"1",
    b'"text"',
    b"\xff\xfe\x00",
    b"<!doctype html><h1>502 Bad Gateway</h1>",
    b'{"message": "no", "code": 10062}',
    b'{"message": {}, "code": [1]}',
    b'{"code": 50035, "errors": {"content": {"_errors": [{"code": "X", "message": "long"}]}}, "message": "Invalid"}',
    b'{"errors": [1, 2], "code": null}',
    b'{"id": null}',
    b'{"id": "1", "type": "x", "channel_id": [], "author": 5}',
    b'[{"id": 1}, null]',
    b'{"retry_after": 0.5, "global": false, "message": "slower"}',
    b'{"retry_after": 0.5, "global": true}',
    b'{"retry_after": 1, "global": "yes"}',
    b'{"retry_after": "soon"}',
    b'{"retry_after": null, "global": true}',
    b'{"retry_after": -1}',
    b'{"retry_after": []}',
    b'{"retry_after": true}',
    b'{"global": true}',
    b'[{"retry_after": 1}]',
    b'{"a":' * 200 + b"1" + b"}" * 200,
]
HEADERS: list[tuple[str, list[str]]] = [
    ("Retry-After", ["1", "soon"]),
    ("X-RateLimit-Scope", ["user", "shared", "global", "nobody's", ""]),
    ("X-RateLimit-Global", ["true", ""]),
    ("X-RateLimit-Remaining", ["0", "5", "-1", "x"]),
    ("X-RateLimit-Limit", ["5", "x"]),
    ("X-RateLimit-Reset-After", ["0.5", "1", "soon"]),
    ("X-RateLimit-Reset", ["0", "1700000000.5"]),
    ("X-RateLimit-Bucket", ["abcd", "efgh"]),
]

CALLS = [
    "fetch_user",
    "fetch_channel",
    "send",
    "edit_and_delete",
    "history",
    "sync",
    "application",
    "webhook",
    "direct_message",
]


@st.composite
def _reply(draw: st.DrawFn) -> list[Any]:
    headers = {name: draw(st.sampled_from(values)) for name, values in HEADERS if draw(st.integers(0, 2)) == 0}
    # As Discord has them, mostly: discord.py looks at the rest of an answer only where these are right.
    if kind := draw(
        st.sampled_from(["application/json"] * 4 + ["text/html", "application/json; charset=utf-8", "x/y", ""])
    ):
        headers["Content-Type"] = kind
    if via := draw(st.sampled_from(["1.1 google"] * 3 + [""])):
        headers["Via"] = via
    reply = {"status": draw(st.sampled_from(STATUSES)), "body": draw(st.sampled_from(BODIES)).hex(), "headers": headers}
    return ["reply", reply]


_OTHER_FAULTS = st.sampled_from(
    [
        ["truncated", {}],
        ["reset", {}],
        ["drip", {"seconds": 0.05}],
        ["server", {"status": 502}],
        ["server", {"status": 503}],
        *(
            ["ratelimited", {"scope": scope, "retry_after": 0.5}]
            for scope in ("user", "shared", "global", "cloudflare")
        ),
    ]
)
_WHERE = st.fixed_dictionaries(
    {"times": st.integers(1, 6)}, optional={"method": st.sampled_from(["POST", "GET", "PATCH"])}
)
_FAULTS = st.tuples(st.one_of(_reply(), _reply(), _reply(), _OTHER_FAULTS), _WHERE).map(
    lambda both: ["fault", *both[0], both[1]]
)

_TRIGGERS = st.sampled_from(
    [
        *(["call", name] for name in CALLS),
        ["drive", "slash", ["echo"], {"options": {"text": "hello"}}],
        ["drive", "slash", ["slow"], {}],
        ["drive", "slash", ["both"], {}],
        ["drive", "slash", ["boom"], {}],
        ["drive", "autocomplete", ["echo", "text", "h"], {}],
        ["drive", "say", ["!ping"], {}],
    ]
)


def disturbances() -> st.SearchStrategy[list[list[Any]]]:
    """Return faults of the API, and what makes the bot ask it."""
    one = st.tuples(st.lists(_FAULTS, min_size=1, max_size=3), _TRIGGERS).map(lambda both: [*both[0], both[1]])
    return st.lists(one, min_size=1, max_size=2).map(lambda parts: [step for part in parts for step in part])
