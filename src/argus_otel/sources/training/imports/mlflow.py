"""Runs of MLflow: in its file store (``mlruns``), or in its SQLite database."""

from __future__ import annotations

import math
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from .logged import NAMESPACE, LogError, LoggedRun, LoggedStep
from .tensorboard import phase_of

Warn = Callable[[str], None]
Progress = Callable[[int], None]
Logged = tuple[float, float, int]
"""A value: its time in seconds since 1970, the number, and the step."""

_OUTCOMES = {
    "3": "ok", "FINISHED": "ok", "4": "error", "FAILED": "error", "5": "interrupted", "KILLED": "interrupted"
}  # fmt: skip
_LARGEST = 1.7976931348623157e308
"""What MLflow stores for infinity."""

_MAGIC = b"SQLite format 3\x00"


def total_size(path: Path) -> int:
    """Return how many bytes there are to read."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.glob("*/*/metrics/**/*") if each.is_file())


def runs_in(path: Path, warn: Warn, progress: Progress) -> Iterator[LoggedRun]:
    """Yield the runs of a file store or a database but for those that were deleted.

    Parameters
    ----------
    warn:
        Called with a sentence on each part that is damaged.
    progress:
        Called with a number of bytes each time that so many more have been read.

    Raises
    ------
    LogError
        There is none.
    """
    if path.is_file():
        return _in_database(path, progress)
    if (path / "mlruns").is_dir():
        path /= "mlruns"
    elif (path / "mlflow.db").is_file():
        return _in_database(path / "mlflow.db", progress)
    return _in_files(path, warn, progress)


# -- the file store


def _in_files(directory: Path, warn: Warn, progress: Progress) -> Iterator[LoggedRun]:
    found = sorted(directory.glob("*/*/meta.yaml"))
    folders = [path.parent for path in found if (path.parent / "metrics").is_dir() or (path.parent / "params").is_dir()]
    if not folders:
        raise LogError(f"{directory} has no runs of MLflow (EXPERIMENT/RUN/meta.yaml), and is no SQLite database")
    for folder in folders:
        about = _meta(folder / "meta.yaml")
        if about.get("lifecycle_stage") == "deleted":
            continue
        tags = _texts(folder / "tags")
        values: dict[str, list[Logged]] = {}
        for path, name in _below(folder / "metrics"):
            values[name] = list(_values(path, warn))
            progress(path.stat().st_size)
        experiment = _meta(folder.parent / "meta.yaml").get("name", folder.parent.name)
        facts = {**about, "experiment": experiment, "run_id": about.get("run_id") or folder.name}
        yield _run(facts, tags, _texts(folder / "params"), values)


def _meta(path: Path) -> dict[str, str]:
    """Return what a flat YAML file says: names and texts."""
    found: dict[str, str] = {}
    for line in _text(path).splitlines():
        name, colon, value = line.partition(":")
        if colon and not line.startswith((" ", "#", "-")):
            value = value.strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                value = value[1:-1].replace("''", "'")
            found[name.strip()] = "" if value == "null" else value
    return found


def _texts(directory: Path) -> dict[str, str]:
    return {name: _text(path).strip() for path, name in _below(directory)}


def _below(directory: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield path, path.relative_to(directory).as_posix()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror or error}") from error


def _values(path: Path, warn: Warn) -> Iterator[Logged]:
    wrong = 0
    for line in _text(path).splitlines():
        words = line.split()
        try:
            yield float(words[0]) / 1000, float(words[1]), int(words[2]) if len(words) > 2 else 0
        except (ValueError, IndexError):
            wrong += 1
    if wrong:
        warn(f"{path} has {wrong} line{'s' if wrong > 1 else ''} that cannot be read")


# -- the database


def _in_database(path: Path, progress: Progress) -> Iterator[LoggedRun]:
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise LogError(f"{path} is no SQLite database")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            yield from _of_database(database, path, progress)
    except sqlite3.Error as error:
        raise LogError(f"{path} cannot be read as MLflow's database: {error}") from error


def _of_database(database: sqlite3.Connection, path: Path, progress: Progress) -> Iterator[LoggedRun]:
    rows = database.execute(
        "select r.run_uuid, r.name, r.status, r.start_time, r.end_time, e.name from runs r"
        " left join experiments e on e.experiment_id = r.experiment_id"
        " where r.lifecycle_stage <> 'deleted' order by r.start_time, r.run_uuid"
    ).fetchall()
    for run, name, status, start, end, experiment in rows:
        about = {"run_id": run, "run_name": name, "status": status, "start_time": start, "end_time": end}
        texts = {key: "" if value is None else str(value) for key, value in about.items()}
        tags, params = (
            {str(key): str(value) for key, value in database.execute(sql, (run,))}
            for sql in (
                "select key, value from tags where run_uuid = ?",
                "select key, value from params where run_uuid = ?",
            )
        )
        values: dict[str, list[Logged]] = {}
        for key, value, at, step, is_nan in database.execute(
            "select key, value, timestamp, step, is_nan from metrics where run_uuid = ? order by key, step, timestamp",
            (run,),
        ):
            values.setdefault(str(key), []).append((at / 1000, math.nan if is_nan else float(value), int(step)))
        progress(path.stat().st_size // len(rows))
        yield _run({**texts, "experiment": str(experiment or "")}, tags, params, values)


# -- either


def _run(
    about: Mapping[str, str], tags: Mapping[str, str], params: Mapping[str, str], values: Mapping[str, list[Logged]]
) -> LoggedRun:
    times = [at for some in values.values() for at, _, _ in some]
    began = _seconds(about.get("start_time", "")) or min(times, default=0.0)
    return LoggedRun(
        id=_id(about["run_id"]),
        name=about.get("run_name") or tags.get("mlflow.runName", ""),
        tool="mlflow",
        began=began,
        steps=_steps(values),
        group=about.get("experiment", ""),
        parent=_id(tags["mlflow.parentRunId"]) if "mlflow.parentRunId" in tags else "",
        commit=tags.get("mlflow.source.git.commit", ""),
        ended=_seconds(about.get("end_time", "")),
        outcome=_OUTCOMES.get(about.get("status", ""), ""),
        config=dict(sorted(params.items())),
    )


def _id(run: str) -> str:
    """Return MLflow's id as a UUID, which it is without its dashes."""
    try:
        return str(uuid.UUID(run))
    except ValueError:
        return str(uuid.uuid5(NAMESPACE, run))


def _seconds(milliseconds: str) -> float | None:
    try:
        return float(milliseconds) / 1000
    except ValueError:
        return None


def _steps(values: Mapping[str, Iterable[Logged]]) -> Iterator[LoggedStep]:
    """Yield the values by steps. Values that were all logged without a step are numbered in their order."""
    by_step: dict[tuple[int, str], dict[str, tuple[float, float]]] = {}
    for name, given in values.items():
        some: list[Any] = sorted(given, key=lambda each: (each[2], each[0]))
        numbered = len(some) > 1 and not any(step for _, _, step in some)
        for number, (at, value, step) in enumerate(some):
            if abs(value) >= _LARGEST:
                value = math.copysign(math.inf, value)
            by_step.setdefault((number if numbered else step, phase_of(name)), {})[name] = (at, value)
    for (step, phase), found in sorted(by_step.items()):
        at = min(each for each, _ in found.values())
        yield LoggedStep(at, step, phase, tuple(found), tuple(value for _, value in found.values()))
