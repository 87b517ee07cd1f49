"""Runs the validators and judges that authors of graphs have declared: gates in line, all others on one thread.

What they are given never leaves the process. What they raise is theirs: it is reported, and the graph goes on. The one
exception that reaches the graph is :class:`.validators.GateFailed`, which its author has asked for.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from inspect import isawaitable
from queue import Full, Queue
from typing import Any, NamedTuple, TypeVar, cast

from argus_otel.telemetry import Telemetry, type_name
from argus_otel.telemetry.encoding import as_utf8
from argus_otel.telemetry.guard import tried

from . import catalogue as c
from .evaluations import Evaluation, Evaluations, is_label, number_of
from .places import Place, place_of
from .runs import NodeRun
from .validators import DECLARED, GateFailed, Validator

HOOK = "validators"

WAITING = 100
"""How many updates may wait for their validators."""

_RETURNED = ("__return__", "__end__", "__root__")
"""The channels that take what a task or an entrypoint of the functional API returns, and a state that has no keys."""

T = TypeVar("T")

_log = logging.getLogger("argus_otel")

_VALIDATING: ContextVar[bool] = ContextVar("argus_otel.validating", default=False)
"""Whether a validator runs in this context: a graph that it runs, such as a judge's, is not validated itself."""


class _Update(NamedTuple):
    """What a node has written, and what checks it."""

    validators: tuple[Validator, ...]
    node: str
    written: Any
    place: Place


class Validation:
    """Runs validators and judges."""

    def __init__(self, telemetry: Telemetry, evaluations: Evaluations) -> None:
        self._telemetry = telemetry
        self._evaluations = evaluations
        self._dropped = telemetry.counter(c.VALIDATIONS_DROPPED)
        self._reported: set[tuple[str, str]] = set()
        self._gated_shielded = telemetry.guard.shield(HOOK, self._gated, 1)
        self._conclude_shielded = telemetry.guard.shield(HOOK, self._conclude, 3)
        self._validate_shielded = telemetry.guard.shield(HOOK, self._validate, 1)
        self.forget()

    # -- in line

    def gate(self, node: NodeRun) -> None:
        """Run the gates of a node that is about to end well.

        Raises
        ------
        GateFailed
            One of them has refused the update, which is then discarded.
        """
        update = self._gated_shielded(node)
        if update is None:
            return
        token = _VALIDATING.set(True)
        try:
            for each in update.validators:
                outcome = tried(lambda each=each: _finished(each.validate(update.node, update.written)))
                self._pass_or_raise(node, update, each, outcome)
        finally:
            _VALIDATING.reset(token)

    async def gate_async(self, node: NodeRun) -> None:
        """Do as :meth:`gate`, on the event loop of the node."""
        update = self._gated_shielded(node)
        if update is None:
            return
        token = _VALIDATING.set(True)
        try:
            for each in update.validators:
                outcome: tuple[Any, BaseException | None]
                outcome = tried(lambda each=each: each.validate(update.node, update.written))
                if isawaitable(outcome[0]):
                    (result,) = await asyncio.gather(_awaited(outcome[0]), return_exceptions=True)
                    outcome = (None, result) if isinstance(result, BaseException) else (result, None)
                self._pass_or_raise(node, update, each, outcome)
        finally:
            _VALIDATING.reset(token)

    def _pass_or_raise(
        self, node: NodeRun, update: _Update, validator: Validator, outcome: tuple[Any, BaseException | None]
    ) -> None:
        evaluation = self._conclude_shielded(update, validator, outcome)
        if evaluation is not None and evaluation.refused:
            node.task.writes.clear()  # LangGraph keeps what a failed task has written, for a run that goes on
            raise GateFailed(update.place.graph, update.node, validator.name)

    def _gated(self, node: NodeRun) -> _Update | None:
        declared = DECLARED.get(node.kind.graph.name)
        validators = () if declared is None else declared.gates.get(node.kind.name, ())
        return _update(node, validators) if validators and not _VALIDATING.get() else None

    # -- on the thread

    def submit(self, node: NodeRun) -> None:
        """Have the update of a node that has ended well checked later. Does not block."""
        declared = DECLARED.get(node.kind.graph.name)
        validators = () if declared is None else declared.others.get(node.kind.name, ())
        if not validators or _VALIDATING.get():
            return
        try:
            self._queue.put_nowait(_update(node, validators))
        except Full:
            self._dropped[node.kind.graph.name].value += 1
        if self._thread is None:
            self._start()

    def settle(self, timeout: float) -> bool:
        """Wait until nothing waits for its validators, for ``timeout`` seconds at most; return whether it came so."""
        waiting = self._queue
        with waiting.all_tasks_done:
            return waiting.all_tasks_done.wait_for(lambda: not waiting.unfinished_tasks, timeout)

    def stop(self) -> None:
        """End the thread once it has checked what waits. A later update starts another one."""
        with self._starting:
            thread, self._thread = self._thread, None
            waiting, self._queue = self._queue, Queue(WAITING)
        if thread is not None:
            waiting.put(None)

    def forget(self) -> None:
        """Forget what waits, and the thread: in a forked child it does not exist."""
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._queue: Queue[_Update | None] = Queue(WAITING)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, args=(self._queue,), name="argus-otel graph validators", daemon=True
                )
                self._thread.start()

    def _run(self, waiting: Queue[_Update | None]) -> None:
        _VALIDATING.set(True)
        while True:
            update = waiting.get()
            if update is not None:
                self._validate_shielded(update)
            waiting.task_done()
            if update is None:
                return

    def _validate(self, update: _Update) -> None:
        for each in update.validators:
            outcome = tried(lambda each=each: _finished(each.validate(update.node, update.written)))
            self._conclude_shielded(update, each, outcome)

    # -- both

    def _conclude(
        self, update: _Update, validator: Validator, outcome: tuple[Any, BaseException | None]
    ) -> Evaluation | None:
        """Record and return the evaluation that follows from what a validator has returned or raised."""
        result, error = outcome
        if error is None:
            evaluation, problem = _evaluation(validator, result)
        elif isinstance(error, AssertionError):
            evaluation, problem = Evaluation(validator.name, 0.0, "fail", refused=True), ""
        else:
            evaluation, problem = None, type_name(error)
        if problem:
            evaluation = Evaluation(validator.name, None, None, error_type=problem)
            self._report(update, validator, problem)
        if evaluation is not None:
            self._evaluations.add(evaluation, update.place)
        return evaluation

    def _report(self, update: _Update, validator: Validator, problem: str) -> None:
        """Report an error of a validator, without its message, which may quote the state."""
        if (update.place.graph, validator.name) not in self._reported and len(self._reported) < WAITING:
            self._reported.add((update.place.graph, validator.name))
            _log.warning(
                "argus-otel: the validator %s of the graph %s failed itself with %s at the node %s, and the graph goes "
                "on. (Reported once for each validator; graph.evaluations counts on.)",
                validator.name,
                update.place.graph,
                problem,
                update.node,
            )


def _update(node: NodeRun, validators: tuple[Validator, ...]) -> _Update:
    return _Update(validators, node.kind.name, _written(node), place_of(node))


def _written(node: NodeRun) -> Any:
    """Return the values that a node has written, by key; if the state has no keys, what the node has returned."""
    keys, written = node.kind.graph.keys, dict[str, Any]()
    for channel, value in node.task.writes:
        if channel in _RETURNED:
            return value
        if channel in keys:
            written[channel] = value
    return written


def _evaluation(validator: Validator, result: Any) -> tuple[Evaluation | None, str]:
    """Return the evaluation that a result means, or the class of the error that it is."""
    name = validator.name
    if result is None and validator.judges:
        return None, ""
    if result is None or result is True:
        return Evaluation(name, 1.0, "pass"), ""
    if result is False:
        return Evaluation(name, 0.0, "fail", refused=True), ""
    pair = cast("tuple[Any, ...]", result) if type(result) is tuple else (result, None)
    if len(pair) != 2:
        return None, "TypeError"
    score, label = pair
    number = number_of(score)
    if number is None:
        return None, "ValueError" if isinstance(score, float) else "TypeError"
    if label is not None and not is_label(label):
        return None, "TypeError"
    return Evaluation(name, number, None if label is None else as_utf8(label)), ""


def _finished(result: Any) -> Any:
    """Return a result, or that of an awaitable, which is run on an event loop of its own."""
    if not isawaitable(result):
        return result
    running, _ = tried(asyncio.get_running_loop)
    if running is None:
        return asyncio.run(_awaited(result))
    with ThreadPoolExecutor(1) as pool:  # a graph that runs in this thread blocks the thread's loop anyway
        return pool.submit(asyncio.run, _awaited(result)).result()


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable
