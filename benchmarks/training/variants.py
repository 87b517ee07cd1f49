"""The variants of a loop that logs a run, each in a process of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.checks.child import Child
from benchmarks.pairs import BARE, CONTROL
from benchmarks.results import Result, compared
from lab.processes import free_port
from tools.training_envs import ENVIRONMENTS, PEERS

from .accepting import accepting

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("logging_process.py")

OURS = "argus-otel"
AGAIN = "argus-otel again (A/A)"
UNGUARDED = "argus-otel without guard"
HISTORY = "argus-otel with history"
HISTORY_UNGUARDED = "argus-otel with history, without guard"

_RUN = ("-m", "argus_otel", "run")
_NO_GUARD = {"ARGUS_TRAINING_GUARD": "off"}
_KEPT = {"ARGUS_HISTORY": "store", "ARGUS_HISTORY_STORE": "files:{directory}/history"}


@dataclass(frozen=True)
class Variant:
    """One way to log a run.

    Attributes
    ----------
    logger:
        That of :mod:`.loggers`.
    launcher:
        The words of the command line between the interpreter and the script.
    variables:
        Environment variables. ``{directory}`` is one of its own.
    environment:
        That of :mod:`tools.training_envs`, if it is not the one of this process.
    """

    name: str
    logger: str
    launcher: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    environment: str = ""

    @property
    def missing(self) -> str | None:
        """How to make its environment; ``None`` if it is there."""
        return missing(self.environment, f"{self.name} is") if self.environment else None


def missing(environment: str, what: str) -> str | None:
    """Return how to make an environment of :mod:`tools.training_envs`; ``None`` if it is there."""
    if ENVIRONMENTS[environment].ready:
        return None
    return f"{what} not measured: python3 tools/training_envs.py {environment}"


OURS_ALL = (
    Variant(OURS, "argus_otel", _RUN),
    Variant(AGAIN, "argus_otel", _RUN),
    Variant(UNGUARDED, "argus_otel", _RUN, _NO_GUARD),
    Variant(HISTORY, "argus_otel", _RUN, _KEPT),
    Variant(HISTORY_UNGUARDED, "argus_otel", _RUN, {**_KEPT, **_NO_GUARD}),
)
VARIANTS = (
    Variant(BARE, "nothing"),
    Variant(CONTROL, "nothing"),
    *OURS_ALL,
    Variant("OpenTelemetry's SDK", "opentelemetry", environment=PEERS),
    Variant("argus-reporter", "argus_reporter", environment=PEERS),
    Variant("TensorBoardX", "tensorboardx", environment=PEERS),
    Variant("wandb, offline", "wandb", environment=PEERS),
    Variant("MLflow, files", "mlflow", variables={"MLFLOW_ALLOW_FILE_STORE": "true"}, environment=PEERS),
    Variant("MLflow, SQLite", "mlflow_sqlite", environment=PEERS),
)
NAMES = tuple(variant.name for variant in VARIANTS)


def chosen(names: Sequence[str]) -> tuple[list[Variant], list[str]]:
    """Return the variants of these names that can run, with those that others are compared with, and why not others."""
    wanted = [each for each in VARIANTS if each.name in names or each.name in (BARE, CONTROL, OURS, AGAIN)]
    return [each for each in wanted if not each.missing], [each.missing for each in wanted if each.missing]


def absolute(samples: Mapping[str, Sequence[float]]) -> list[Result]:
    """Compare with the bare loop, for which logging takes nearly nothing: a share of that would say nothing."""
    return [replace(result, bare=0.0) for result in compared(samples, BARE)]


class Started:
    """A loop whose run has begun.

    Attributes
    ----------
    start:
        How long that took, in seconds.
    """

    def __init__(self, variant: Variant, directory: Path, url: str) -> None:
        variables = {
            "PYTHONPATH": str(ROOT),
            "HOME": str(directory),
            "ARGUS_ENDPOINT_PORT": str(free_port()),
            **{name: value.format(directory=directory) for name, value in variant.variables.items()},
        }
        python = {"python": str(ENVIRONMENTS[variant.environment].python)} if variant.environment else {}
        words = [*variant.launcher, str(SCRIPT), variant.logger, str(directory), url]
        self._child = Child(variant.name, words, variables, **python)
        self.start: float = self._child.ready["start"]

    def steps(self, most: int, seconds: float) -> dict[str, float]:
        """Log steps one after the other; return ``median`` and ``p99``, in µs."""
        return self._child.ask("steps", most=most, seconds=seconds)

    def loop(self, steps: int) -> dict[str, float]:
        """Log each step of a loop that works; return ``step`` and ``processor``, in µs."""
        return self._child.ask("loop", steps=steps)

    def end(self) -> dict[str, float]:
        """End the run, and start another; return how long ``end`` and ``start`` took, in seconds."""
        return self._child.ask("end")

    def close(self) -> None:
        """End the process."""
        self._child.end()


@contextmanager
def started(variants: Sequence[Variant]) -> Generator[dict[str, Started]]:
    """Start the loops, and yield them by the names of their variants; end them all at the end."""
    with ExitStack() as stack:
        url = stack.enter_context(accepting())
        found: dict[str, Started] = {}
        for variant in variants:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            found[variant.name] = each = Started(variant, directory, url)
            stack.callback(each.close)
        yield found
