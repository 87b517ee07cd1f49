from __future__ import annotations

import random
import re
import string
import sys
import threading
import time

import pytest

from argus_otel.sources.discord.secrets import PATTERNS, add_patterns
from argus_otel.telemetry import Redactor, Telemetry


def test_a_text_without_secrets_is_left_alone() -> None:
    assert Redactor()("nothing to hide") == "nothing to hide"


def test_a_named_secret_is_taken_out_wherever_it_stands() -> None:
    redact = Redactor()
    redact.add_secret("hunter2")
    assert redact("hunter2, xhunter2x") == "[redacted], x[redacted]x"


def test_no_secret_is_no_secret() -> None:
    redact = Redactor()
    redact.add_secret(None)
    redact.add_secret("")
    assert redact("abc") == "abc"


def test_what_a_pattern_matches_is_taken_out() -> None:
    redact = Redactor()
    redact.add_pattern(r"tok_\w+")
    redact.add_pattern(r"tok_\w+")
    assert redact("a tok_1 and tok_2") == "a [redacted] and [redacted]"


def test_of_a_pattern_with_a_secret_group_only_that_group_is() -> None:
    redact = Redactor()
    redact.add_pattern(r"/webhooks/\d+/(?P<secret>\w+)(/messages)?")
    assert redact("PATCH /webhooks/12/abc/messages twice /webhooks/13/def") == (
        "PATCH /webhooks/12/[redacted]/messages twice /webhooks/13/[redacted]"
    )


def test_special_characters_of_a_named_secret_mean_themselves() -> None:
    redact = Redactor()
    redact.add_secret("a.c(")
    assert redact("a.c( abc(") == "[redacted] abc("


def test_the_oldest_named_secrets_are_forgotten() -> None:
    redact = Redactor(remembered=2, seconds=0.0)
    for number in range(5):
        redact.add_secret(f"secret-{number}-")
    assert redact("secret-1- secret-2- secret-4-") == "secret-1- [redacted] [redacted]"


def test_a_secret_that_is_named_again_is_not_forgotten() -> None:
    redact = Redactor(remembered=2, seconds=0.0)
    for secret in ("the-bots-own", "passing-1", "passing-2", "the-bots-own", "passing-3"):
        redact.add_secret(secret)
    assert redact("the-bots-own passing-1") == "[redacted] passing-1"


def test_secrets_can_be_named_while_another_thread_redacts() -> None:
    redact = Redactor(remembered=50)
    failures: list[BaseException] = []
    stop = threading.Event()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def name() -> None:
        number = 0
        while not stop.is_set():
            redact.add_secret(f"s{number}e")
            number += 1

    thread = threading.Thread(target=name)
    thread.start()
    try:
        for _ in range(2000):
            redact("some text")
    except RuntimeError as error:
        failures.append(error)
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert not failures


@pytest.mark.parametrize("secret", [None, "", 5, {"a": 1}, ["x"], True])
def test_what_is_no_text_is_no_secret_and_spoils_nothing(secret: object) -> None:
    redact = Redactor()
    redact.add_secret(secret)
    assert redact("True 5 x") == "True 5 x"


# -- how long they are remembered


def tokens(number: int, length: int = 43, seed: int = 1) -> list[str]:
    letters = string.ascii_letters + string.digits + "-_"
    chosen = random.Random(seed)  # noqa: S311 - the same in each run
    return ["".join(chosen.choices(letters, k=length)) for _ in range(number)]


def test_a_token_is_remembered_while_a_busy_bots_log_line_waits_for_its_export() -> None:
    """500 interactions a second add their tokens on arrival and at the response; an export runs every five seconds."""
    redact = Redactor()
    first, *others = tokens(500 * 5 + 1)
    redact.add_secret(first)
    for token in others:
        redact.add_secret(token)
        redact.add_secret(token)
    assert redact(f"https://discord/{first}/x") == "https://discord/[redacted]/x"


def test_what_is_younger_than_a_minute_is_remembered_up_to_a_bound() -> None:
    redact = Redactor(remembered=100, seconds=60.0)
    secrets = tokens(3300)
    for secret in secrets:
        redact.add_secret(secret)
    left = [secret for secret in secrets if redact(secret) == secret]
    assert left == secrets[: len(left)]  # the oldest of them
    assert 0 < len(left) <= 1700


def test_what_lasts_is_never_forgotten() -> None:
    redact = Redactor(remembered=2, seconds=0.0)
    redact.add_secret("the bot's own", permanent=True)
    for secret in tokens(50):
        redact.add_secret(secret)
    assert redact("it is the bot's own.") == "it is [redacted]."


# -- what a token looks like


@pytest.mark.parametrize("length", [16, 43, 68, 220])
@pytest.mark.parametrize(
    "around", [" {} ", "a{}", "{}b", "-_{}_-", "é{}é", "({}{})", '"{}"\n', "=" * 50 + "{}", "{}\udce9"]
)
def test_a_named_token_is_found_wherever_it_stands(length: int, around: str) -> None:
    redact = Redactor()
    secrets = tokens(300, length)
    for secret in secrets:
        redact.add_secret(secret)
    for secret in secrets[::50]:
        assert redact(around.replace("{}", secret)) == around.replace("{}", "[redacted]")


@pytest.mark.parametrize(
    "secret", ["short", "with spaces in between it", "a.b.c.d.e.f.g.h.i.j", "caf\u00e9 caf\u00e9 caf\u00e9 caf\u00e9"]
)
def test_a_secret_of_any_other_shape_is_found_too(secret: str) -> None:
    redact = Redactor()
    for token in (*tokens(50), secret, *tokens(50, seed=2)):
        redact.add_secret(token)
    assert redact(f"<{secret}{secret}>") == "<[redacted][redacted]>"


def test_tokens_that_begin_alike_are_told_apart() -> None:
    redact = Redactor()
    beginning = "aW50ZXJhY3Rpb246"
    long, short = beginning + "A" * 30, beginning + "A" * 10
    redact.add_secret(short)
    redact.add_secret(long)
    assert redact(f"{long}.{short}.{beginning}.{long}{short}") == (
        f"[redacted].[redacted].{beginning}.[redacted][redacted]"
    )


def test_a_pattern_is_searched_for_where_what_it_needs_is_there() -> None:
    redact = Redactor()
    redact.add_pattern(r"\b[A-Za-z0-9_-]{20,}\b", run=20)
    redact.add_pattern(r"/hooks/(?P<secret>\w+)", prefixes=("/hooks/",))
    assert redact(f"{'a' * 19} {'b' * 20} /hooks/c /hook/d") == f"{'a' * 19} [redacted] /hooks/[redacted] /hook/d"


@pytest.mark.parametrize("text", ["", "x", "-" * 5000, "a" * 5000, "\u00e9" * 3000, "a b " * 2000, "\ud800"])
def test_any_text_without_a_secret_comes_out_as_it_is(text: str) -> None:
    redact = Redactor()
    for secret in tokens(100):
        redact.add_secret(secret)
    assert redact(text) == text


def test_discords_patterns_say_no_more_than_what_they_match_has() -> None:
    """Compared with the patterns alone: the search for a feature must hide no match."""
    telemetry = Telemetry()
    add_patterns(telemetry)
    chosen = random.Random(5)  # noqa: S311 - the same in each run
    pieces = [
        "/webhooks/",
        "/interactions/",
        "/",
        ".",
        " ",
        "12345678901234567",
        "a-_" * 9,
        "x" * 28,
        "k" * 61,
        "Q" * 27,
    ]
    found = 0
    for _ in range(3000):
        text = "".join(chosen.choices(pieces, k=chosen.randrange(1, 9)))
        expected = text
        for pattern in PATTERNS:
            expected = re.sub(pattern, _masked, expected)
        assert telemetry.redact(text) == expected
        found += text != expected
    assert found > 500


def _masked(match: re.Match[str]) -> str:
    secret = match.groupdict().get("secret")
    return "[redacted]" if secret is None else match.group().removesuffix(secret) + "[redacted]"


def test_many_threads_may_name_and_look_up_at_once() -> None:
    redact = Redactor(remembered=64)
    failures: list[str] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def use(seed: int) -> None:
        for secret in tokens(400, (20, 43, 90, 9)[seed % 4], seed):
            redact.add_secret(secret)
            if secret in redact(f"a {secret} b"):
                failures.append(secret)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(8)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert failures == []


@pytest.mark.alone
def test_what_it_costs_does_not_grow_with_what_is_remembered() -> None:
    text = "\n".join(
        f'  File "/app/cogs/music.py", line {line}, in play_the_next_song\n    await go()' for line in range(40)
    )

    def best(redact: Redactor) -> float:
        times: list[float] = []
        for _ in range(60):
            started = time.thread_time()
            redact(text)
            times.append(time.thread_time() - started)
        return min(times)

    none, many = Redactor(), Redactor()
    for secret in tokens(2048):
        many.add_secret(secret)
    assert best(many) < 3 * best(none)
