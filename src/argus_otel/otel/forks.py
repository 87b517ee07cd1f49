"""Keeps forks and exports over gRPC apart.

gRPC does not prepare for a fork while another thread is calling into it ("skipping fork() handlers"). The child then
continues the call that was under way: it writes the bytes into the parent's connection a second time, or sends them
over a connection of its own (seen with grpcio 1.85, on a busy machine). So a fork waits for the calls that are under
way, and calls wait for the fork.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from .private import wrap_grpc_client

LONGEST_WAIT = 1.0
"""The longest that a fork is delayed, in seconds. By then the bytes of a call are usually sent, if not answered."""


class _Calls:
    """The calls that are under way in this process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way = self._forks = 0

    def __enter__(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._forks, LONGEST_WAIT)
            self._under_way += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def before_fork(self) -> None:
        with self._changed:
            self._forks += 1
            self._changed.wait_for(lambda: not self._under_way, LONGEST_WAIT)

    def after_fork_in_parent(self) -> None:
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()

    def after_fork_in_child(self) -> None:
        self.__init__()  # the calls are the parent's, and another of its threads may have held the lock


_calls = _Calls()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_calls.before_fork,
        after_in_parent=_calls.after_fork_in_parent,
        after_in_child=_calls.after_fork_in_child,
    )


class _Client:
    """The client of a gRPC service, of which no call is under way at a fork."""

    def __init__(self, client: Any) -> None:
        self._export = client.Export

    def Export(self, *args: Any, **kwargs: Any) -> Any:  # noqa: N802 - as the service calls it
        with _calls:
            return self._export(*args, **kwargs)


def keep_apart_from_forks(exporter: object) -> None:
    """Have no call of this exporter's be under way at a fork, if it exports over gRPC."""
    wrap_grpc_client(exporter, _Client)
