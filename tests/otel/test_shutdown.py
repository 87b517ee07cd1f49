from __future__ import annotations

import atexit
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from argus_otel.otel.shutdown import end_on_sigterm, end_with_the_process
from argus_otel.telemetry import Health, State


@pytest.fixture
def at_exit(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What would be called when the interpreter ends."""
    registered: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", registered.append)
    return registered


def test_everything_is_ended_at_the_end_and_not_before(at_exit: list[Callable[[], None]]) -> None:
    ended: list[str] = []
    health = Health()
    end_with_the_process([(name, lambda name=name: ended.append(name)) for name in ("a", "b")], 5.0, health)
    time.sleep(0.02)
    assert ended == []
    (end,) = at_exit
    end()
    assert sorted(ended) == ["a", "b"]
    assert health.parts() == {}


def test_what_hangs_is_waited_for_no_longer_than_the_timeout_and_named(
    at_exit: list[Callable[[], None]], caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()
    health = Health()
    ended: list[str] = []
    end_with_the_process(
        [("metrics", release.wait), ("traces", lambda: ended.append("traces")), ("logs", release.wait)], 0.5, health
    )
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        at_exit[0]()
    assert 0.5 <= time.monotonic() - began < 0.9  # not once for each
    release.set()
    assert ended == ["traces"]
    part = health.parts()["shutdown"]
    assert part.state is State.FAILED
    assert part.detail == (
        "the last export did not end within 0.5 s (ARGUS_SHUTDOWN_TIMEOUT): the last metrics, logs may be lost"
    )
    assert len(caplog.records) == 1


def test_one_that_hangs_does_not_keep_the_others_waiting(at_exit: list[Callable[[], None]]) -> None:
    release = threading.Event()
    both = threading.Barrier(2, timeout=5)
    end_with_the_process([("a", release.wait), ("b", both.wait), ("c", both.wait)], 0.3, Health())
    at_exit[0]()
    release.set()
    assert not both.broken


def test_its_threads_do_not_keep_the_process_alive(at_exit: list[Callable[[], None]]) -> None:
    end_with_the_process([("signal", lambda: None)], 1.0, Health())
    mine = [thread for thread in threading.enumerate() if thread.name == "argus-otel signal"]
    assert [thread.daemon for thread in mine] == [True]
    at_exit[0]()


@pytest.fixture
def usual_sigterm() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


def test_sigterm_is_handled_where_nobody_else_does(usual_sigterm: None) -> None:
    end_on_sigterm(lambda: None)
    ours = signal.getsignal(signal.SIGTERM)
    assert callable(ours)
    end_on_sigterm(lambda: None)
    assert signal.getsignal(signal.SIGTERM) is ours


def test_a_handler_of_the_programs_own_stays(usual_sigterm: None) -> None:
    def own(*_: object) -> None: ...

    signal.signal(signal.SIGTERM, own)
    end_on_sigterm(lambda: None)
    assert signal.getsignal(signal.SIGTERM) is own


def test_outside_of_the_main_thread_nothing_is_set(usual_sigterm: None) -> None:
    thread = threading.Thread(target=end_on_sigterm, args=(lambda: None,))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
