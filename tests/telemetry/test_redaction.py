from __future__ import annotations

import sys
import threading

import pytest

from argus_otel.telemetry import Redactor


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
    redact = Redactor(remembered=3)
    for number in range(5):
        redact.add_secret(f"secret-{number}-")
    assert redact("secret-1- secret-2- secret-4-") == "secret-1- [redacted] [redacted]"


def test_a_secret_that_is_named_again_is_not_forgotten() -> None:
    redact = Redactor(remembered=3)
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
