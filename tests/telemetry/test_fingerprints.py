from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest

from argus_otel.telemetry.fingerprints import MAX_LENGTH, fingerprint, type_name


class BotError(Exception):
    pass


class Player:
    def play(self, text: str) -> object:
        return json.loads(text)


def caught(function: object, *arguments: object) -> BaseException:
    try:
        function(*arguments)  # type: ignore[operator]
    except Exception as error:  # noqa: BLE001
        return error
    raise AssertionError("nothing was raised")


def test_the_innermost_function_of_the_program_is_named_and_not_the_library_beneath_it() -> None:
    error = caught(Player().play, "{")
    function = "Player.play" if sys.version_info >= (3, 11) else "play"
    assert fingerprint(error) == f"json.decoder.JSONDecodeError in {__name__}.{function}"


def test_the_line_does_not_matter() -> None:
    def twice(first: bool) -> None:
        if first:
            raise BotError("first")
        raise BotError("second")

    assert fingerprint(caught(twice, True)) == fingerprint(caught(twice, False))


def test_two_functions_are_two_fingerprints() -> None:
    def one() -> None:
        raise BotError

    def other() -> None:
        raise BotError

    assert fingerprint(caught(one)) != fingerprint(caught(other))


def test_where_no_frame_is_the_programs_the_innermost_one_counts() -> None:
    error = caught(json.loads, "{")
    # The traceback's first frame is the one that caught it, here; a library's own task has none of the program's.
    error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
    assert fingerprint(error).startswith("json.decoder.JSONDecodeError in json.decoder.")


def test_an_exception_that_was_never_raised_is_known_by_its_class() -> None:
    assert fingerprint(ValueError("never")) == "ValueError"


def test_an_installed_program_is_the_programs_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    main = ModuleType("__main__")
    main.__package__ = "json"  # as `python -m json.tool` has it
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert fingerprint(caught(Player().play, "{")).startswith("json.decoder.JSONDecodeError in json.decoder.")


def test_it_has_a_maximum_length() -> None:
    long = type("E" * 500, (Exception,), {})
    assert len(fingerprint(long())) == MAX_LENGTH


def test_a_type_is_named_as_the_sdk_names_it() -> None:
    assert type_name(ValueError()) == "ValueError"
    assert type_name(BotError()) == f"{__name__}.BotError"
