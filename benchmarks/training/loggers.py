"""What logs a run: argus-otel and others, each with its defaults, as its documentation says."""
# pyright: basic, reportMissingImports=false, reportOptionalMemberAccess=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Log = Callable[[Mapping[str, float], int], object]
"""Logs the values of a step."""

Begun = tuple[Log, Callable[[], object]]
"""What logs a step of a run that has begun, and what ends the run."""


def nothing(_: Path, __: str) -> Begun:
    """Log nothing: what the measurement itself takes."""
    return (lambda values, step: None), lambda: None


def argus_otel(_: Path, __: str) -> Begun:
    """By ``argus_otel.training.run``, in a process that ``argus-otel run`` has started."""
    from argus_otel import training

    run = training.run("bench")
    log = run.log
    return (lambda values, step: log(values, step=step)), run.end


def opentelemetry(_: Path, __: str) -> Begun:
    """By the SDK's plain instruments: a gauge for each value, a counter of steps, and a histogram."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    provider = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    meter = provider.get_meter("bench")
    gauges = {name: meter.create_gauge(f"training.{name}") for name in ("loss", "accuracy", "lr")}
    steps, durations = meter.create_counter("training.steps"), meter.create_histogram("training.step.duration")

    def log(values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            gauges[name].set(value)
        steps.add(1)
        durations.record(0.001)

    return log, provider.shutdown


def argus_reporter(_: Path, url: str) -> Begun:
    """By a ``Reporter``, whose server accepts everything: each step as what it calls an epoch."""
    from argus import Reporter

    batch = Reporter("bench", monitor_url=url, token="token").__enter__()
    job = batch.job("job", model="Net").__enter__()

    def log(values: Mapping[str, float], step: int) -> None:
        job.epoch(step, train_loss=values["loss"], lr=values["lr"], accuracy=values["accuracy"])

    def end() -> None:
        job.__exit__(None, None, None)
        batch.__exit__(None, None, None)

    return log, end


def tensorboardx(directory: Path, _: str) -> Begun:
    """By a ``SummaryWriter``."""
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(str(directory / "tensorboard"))

    def log(values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    return log, writer.close


def wandb(directory: Path, _: str) -> Begun:
    """By an offline run."""
    import wandb

    run = wandb.init(project="bench", mode="offline", dir=str(directory))
    return (lambda values, step: run.log(values, step=step)), run.finish


def mlflow(directory: Path, _: str) -> Begun:
    """Into files."""
    return _mlflow(f"file:{directory}/mlruns")


def mlflow_sqlite(directory: Path, _: str) -> Begun:
    """Into SQLite."""
    return _mlflow(f"sqlite:///{directory}/mlflow.db")


def _mlflow(where: str) -> Begun:
    import mlflow

    mlflow.set_tracking_uri(where)
    mlflow.set_experiment("bench")
    mlflow.start_run()
    return (lambda values, step: mlflow.log_metrics(dict(values), step=step)), mlflow.end_run


LOGGERS: Mapping[str, Callable[[Path, str], Any]] = {
    each.__name__: each
    for each in (nothing, argus_otel, opentelemetry, argus_reporter, tensorboardx, wandb, mlflow, mlflow_sqlite)
}
