"""What the stages of all demos have in common: a program under observation, what surrounds it, and a directory."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .observed_process import ObservedProcess

if TYPE_CHECKING:
    from typing_extensions import Self


class ObservedStage:
    """A program under observation and what surrounds it, which run inside a ``with`` block.

    Parameters
    ----------
    name:
        What the program is, for messages: ``the agent``.
    port:
        The port of its endpoint; by default 9464, or a free one if that is in use.

    Attributes
    ----------
    directory:
        Theirs; it is kept if the block ends with an exception.
    program:
        The program.
    url:
        The URL of its endpoint.

    Raises
    ------
    DemoError
        No port is free; on entering: the program did not start.
    """

    def __init__(self, name: str, port: int | None) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="argus-otel-demo-")
        self.directory = Path(self._temporary.name)
        self.program = ObservedProcess(name, self.directory / "program.log", port)
        self.url = self.program.url
        self._opened = ExitStack()

    def begin(self, opened: ExitStack) -> None:
        """Start the surroundings, then the program, and wait until it is observed.

        Parameters
        ----------
        opened:
            Is given how each of them is ended: in the opposite order, when the block ends or this raises.
        """
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            with ExitStack() as opened:
                self.begin(opened)
                self._opened = opened.pop_all()
        except BaseException:
            self._temporary.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()
        if kind is None:
            self._temporary.cleanup()

    def output(self) -> str:
        """Return the last 4000 characters of the program's output."""
        return self.program.output()
