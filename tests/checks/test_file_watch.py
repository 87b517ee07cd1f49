"""When a file has changed: what is half written does not count yet."""

from __future__ import annotations

from pathlib import Path

from argus_otel.sources.checks.file_watch import FileWatch


def replaced(path: Path, text: str) -> None:
    aside = path.with_suffix(".new")
    aside.write_text(text)
    aside.replace(path)


def test_a_file_that_stays_has_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text("one")
    watch = FileWatch(path)
    assert [watch.changed() for _ in range(3)] == [False] * 3


def test_a_file_that_is_renamed_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text("one")
    watch = FileWatch(path)
    replaced(path, "two")
    assert [watch.changed() for _ in range(2)] == [True, False]


def test_a_file_that_is_written_in_place_counts_once_it_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text("one")
    watch = FileWatch(path)
    changed: list[bool] = []
    with path.open("w") as file:
        for _ in range(3):
            file.write("a line\n")
            file.flush()
            changed.append(watch.changed())
    assert changed == [False] * 3
    assert [watch.changed() for _ in range(2)] == [True, False]


def test_a_file_that_is_gone_for_a_moment_has_not_changed(tmp_path: Path) -> None:
    path, away = tmp_path / "checks.yaml", tmp_path / "away"
    path.write_text("one")
    watch = FileWatch(path)
    path.rename(away)
    assert watch.changed() is False
    away.rename(path)
    assert [watch.changed() for _ in range(2)] == [False, False]


def test_a_file_that_is_gone_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text("one")
    watch = FileWatch(path)
    path.unlink()
    assert [watch.changed() for _ in range(3)] == [False, True, False]
