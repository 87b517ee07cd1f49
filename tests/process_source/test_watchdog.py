from __future__ import annotations

import asyncio
import importlib
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

from argus_otel.sources.process.catalogue import BLOCKED_EVENT, BLOCKINGS
from argus_otel.sources.process.loops import PERIOD
from argus_otel.telemetry import State

from .conftest import Observe, Observed

pytestmark = pytest.mark.alone


async def begin(observed: Observed) -> None:
    """Register the running loop, and wait for its first tick."""
    observed.telemetry.register_loop(asyncio.get_running_loop())
    await asyncio.sleep(2 * PERIOD)


def a_handler_that_blocks(seconds: float) -> None:
    password = "hunter2-in-a-local"  # noqa: F841 - it must not be shown
    time.sleep(seconds)


def blocked(observed: Observed, seconds: float, times: int = 1) -> None:
    async def main() -> None:
        await begin(observed)
        for _ in range(times):
            a_handler_that_blocks(seconds)
            await asyncio.sleep(2 * PERIOD)

    asyncio.run(main())


def test_a_blocked_loop_is_told_of_once_with_the_stack(observe: Observe) -> None:
    observed = observe(1.0)
    blocked(observed, 1.5)
    ((event, attributes),) = observed.events
    assert event is BLOCKED_EVENT
    assert set(attributes) == set(BLOCKED_EVENT.attributes)
    assert 1.0 < attributes["asyncio.loop.blocked.duration"] < 1.5
    assert attributes["thread.name"] == threading.current_thread().name
    lines = attributes["code.stacktrace"].splitlines()
    assert lines[-2].endswith("in a_handler_that_blocks")
    assert lines[-1].strip() == "time.sleep(seconds)"
    assert "hunter2" not in attributes["code.stacktrace"]
    assert observed.values(BLOCKINGS) == {(): 1}


def test_it_is_told_of_while_it_lasts(observe: Observe) -> None:
    observed = observe(0.2)
    told = threading.Event()
    observed.telemetry.add_event_sink(lambda *_: told.set())

    async def main() -> None:
        await begin(observed)
        assert told.wait(5)  # the loop stays blocked until the watchdog reports it

    asyncio.run(main())


def test_each_blocking_is_told_of_and_warned_of_once_a_minute(
    observe: Observe, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "argus_otel")
    observed = observe(0.2)
    blocked(observed, 0.8, times=3)
    assert len(observed.events) == 3
    assert observed.values(BLOCKINGS) == {(): 3}
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert f"in a_handler_that_blocks ({__file__}:" in warning.getMessage()
    ends = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert len(ends) == 3
    assert all("the event loop goes on, after 0." in end for end in ends)


def test_a_minute_later_it_is_warned_of_again(observe: Observe, caplog: pytest.LogCaptureFixture) -> None:
    observed = observe(0.2)
    blocked(observed, 0.6)
    watchdog = observed.source._watchdog
    assert watchdog is not None
    assert watchdog._warned is not None
    watchdog._warned -= 60
    blocked(observed, 0.6)
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 2


def test_a_loop_that_works_or_waits_is_left_in_peace(observe: Observe) -> None:
    observed = observe(0.5)

    async def main() -> None:
        await begin(observed)
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            a_handler_that_blocks(0.05)
            await asyncio.sleep(0)
        await asyncio.sleep(1.5)

    asyncio.run(main())
    assert observed.events == []
    assert observed.values(BLOCKINGS) == {(): 0}


def test_a_loop_that_does_not_run_is_not_blocked(observe: Observe) -> None:
    observed = observe(0.2)
    loop = asyncio.new_event_loop()
    try:
        for _ in range(3):
            loop.run_until_complete(begin(observed))
            a_handler_that_blocks(0.7)
    finally:
        loop.close()
    a_handler_that_blocks(0.7)
    assert observed.events == []


def test_each_loop_is_watched_on_the_thread_that_it_runs_on(observe: Observe) -> None:
    observed = observe(0.2)

    async def idle() -> None:
        await begin(observed)
        await asyncio.sleep(1.5)

    def other() -> None:
        asyncio.run(idle())

    thread = threading.Thread(target=other, name="idle one")
    blocking = threading.Thread(target=blocked, args=(observed, 0.7), name="blocked one")
    for each in (thread, blocking):
        each.start()
    for each in (thread, blocking):
        each.join()
    ((_, attributes),) = observed.events
    assert attributes["thread.name"] == "blocked one"
    assert "a_handler_that_blocks" in attributes["code.stacktrace"]


def test_code_that_holds_the_interpreter_is_found_when_it_lets_go(observe: Observe) -> None:
    observed = observe(0.2)

    def a_sum_in_c() -> int:
        return sum(range(20_000_000)) + sum(range(20_000_000)) + sum(range(20_000_000)) + sum(range(20_000_000))

    async def main() -> None:
        await begin(observed)
        # Repeated, because the watchdog excuses the loop while other processes use most of the processors.
        for _ in range(5):
            a_sum_in_c()
            await asyncio.sleep(2 * PERIOD)
            if observed.events:
                break

    asyncio.run(main())
    (stack,) = observed.stacks()
    assert "in a_sum_in_c" in stack


def test_secrets_in_the_source_are_redacted_and_our_own_frames_left_out(observe: Observe) -> None:
    observed = observe(0.2)
    observed.telemetry.redact.add_secret("swordfish")
    block = observed.telemetry.guard.shield("test", lambda _: time.sleep(0.7))

    async def main() -> None:
        await begin(observed)
        block("swordfish")

    asyncio.run(main())
    (stack,) = observed.stacks()
    assert "swordfish" not in stack
    assert 'block("[redacted]")' in stack
    assert "guard.py" not in stack
    assert stack.splitlines()[-2].endswith("in <lambda>")


def test_a_deep_stack_is_cut_at_its_outer_end(observe: Observe) -> None:
    observed = observe(0.2)

    def deeper(levels: int) -> None:
        if levels:
            deeper(levels - 1)
        else:
            a_handler_that_blocks(0.7)

    async def main() -> None:
        await begin(observed)
        deeper(400)

    asyncio.run(main())
    (stack,) = observed.stacks()
    assert len(stack) <= 16_000
    assert stack.splitlines()[-1].strip() == "time.sleep(seconds)"
    assert "in main" not in stack


def test_no_frame_is_kept(observe: Observe) -> None:
    import gc
    import weakref

    class Precious:
        pass

    observed = observe(0.2)
    seen: list[weakref.ref[Precious]] = []

    def hold() -> None:
        precious = Precious()
        seen.append(weakref.ref(precious))
        time.sleep(0.7)

    async def main() -> None:
        await begin(observed)
        hold()
        gc.collect()
        assert seen[0]() is None

    asyncio.run(main())
    assert len(observed.events) == 1


def test_a_debugger_may_take_its_time(observe: Observe) -> None:
    observed = observe(0.2)
    debugger = ModuleType("bdb")
    exec("def wait(block):\n    block(0.7)", vars(debugger))  # noqa: S102

    async def main() -> None:
        await begin(observed)
        debugger.wait(a_handler_that_blocks)
        await asyncio.sleep(2 * PERIOD)

    asyncio.run(main())
    assert observed.events == []


@pytest.mark.parametrize("starting", [True, False])
def test_imports_may_take_their_time_while_the_program_starts(
    observe: Observe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, starting: bool
) -> None:
    observed = observe(0.2)
    name = f"slow_extension_{starting}".lower()
    (tmp_path / f"{name}.py").write_text("import time\ntime.sleep(0.7)\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    async def main() -> None:
        await begin(observed)
        if not starting:
            for watch in observed.source._loops.watches():
                watch.since -= 60
        importlib.import_module(name)
        await asyncio.sleep(2 * PERIOD)

    asyncio.run(main())
    assert len(observed.events) == (0 if starting else 1)


@pytest.mark.skipif(os.name != "posix", reason="a process cannot be stopped there")
def test_a_process_that_was_stopped_blames_no_loop() -> None:
    program = """
        import asyncio, time
        from argus_otel.sources.process.source import ProcessSource
        from argus_otel.settings import Settings
        from argus_otel.telemetry import Telemetry
        telemetry = Telemetry()
        telemetry.add_event_sink(lambda event, attributes, span: print("TOLD", attributes, flush=True))
        settings = Settings.resolve({}, {"process_loop_blocked_after": 0.5})
        ProcessSource(telemetry, settings, lambda: None).start()
        async def main():
            telemetry.register_loop(asyncio.get_running_loop())
            await asyncio.sleep(1)
            print("READY", flush=True)
            end = time.monotonic() + 3.5
            while time.monotonic() < end:  # busy: a waiting loop would not be reported
                for _ in range(3_000_000):
                    pass
                await asyncio.sleep(0)
        asyncio.run(main())
        print("END", flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "READY\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGSTOP)
    time.sleep(2)
    process.send_signal(signal.SIGCONT)
    assert process.communicate(timeout=20)[0] == "END\n"


def test_zero_is_never(observe: Observe) -> None:
    observed = observe(0.0)
    blocked(observed, 0.7)
    assert observed.events == []
    assert "argus-otel watchdog" not in {thread.name for thread in threading.enumerate()}
    part = observed.telemetry.health.parts()["watchdog"]
    assert (part.state, part.detail) == (State.OFF, "ARGUS_PROCESS_LOOP_BLOCKED_AFTER is 0")


def test_its_thread_ends_with_uninstalling_and_there_is_one(observe: Observe) -> None:
    def threads() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "argus-otel watchdog"]

    observed = observe(0.2)
    observed.source.install()
    observed.source.start()
    (thread,) = threads()
    assert thread.daemon
    observed.source.uninstall()
    thread.join(5)
    assert threads() == []
    blocked(observed, 0.7)
    assert observed.events == []
    observed.source.install()
    observed.source.start()
    assert len(threads()) == 1


def test_a_garbage_collection_while_stacks_are_taken_hangs_nothing() -> None:
    code = """
        import gc, threading
        from argus_otel.telemetry.stacks import Stack

        class Garbage:  # its collection takes the lock that is held while frames are listed
            def __init__(self):
                self.me, self.local = self, threading.local()

        stop = threading.Event()
        for _ in range(40):
            threading.Thread(target=stop.wait, daemon=True).start()
        gc.collect()
        gc.freeze()
        for distance in range(1, 60):  # so that one of these collections falls into the listing
            gc.disable()
            for _ in range(3):
                Garbage().local.x = 1
            gc.set_threshold(gc.get_count()[0] + distance)
            gc.enable()
            Stack(threading.get_ident())
            assert gc.isenabled()
        gc.disable()
        Stack(threading.get_ident())
        assert not gc.isenabled()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=20)
