"""Commands that change a file of checks: add, edit, remove. Only the lines that are meant change."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from argus_otel.sources.checks.file import replacing
from tests.typed import Typed

Write = Callable[[str], Path]

FILE = """\
# The shop's checks.
defaults: {interval:   30s}   # spaces that nobody asked for

checks:
  # Without it, there is no network.
  gateway: {http: 'http://192.0.2.1/'}

  # The shop itself.
  shop:
    http: "https://shop.example/health?key=${env:KEY}"   # its own key
    expect:
      status: [200, 204]
      # slower is broken
      duration: '< 2s'
    parents: [ gateway ]

anchors: [gateway]
"""


def changed(before: str, after: str) -> list[str]:
    """Return the lines that differ, with + or -."""
    import difflib

    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_a_check_is_added_below_the_others(checks: Typed, file: Write) -> None:
    path = file(FILE)
    words = ("add", path, "search", "http", "https://shop.example/search", "--interval", "1m", "--service", "shop")
    ended = checks(
        *words, "--parent", "shop", "--expect", "status=200", "--warn", "duration=< 1s", "--warn", "certificate=> 14d"
    )
    assert ended.code == 0
    assert changed(FILE, path.read_text()) == [
        "+  search:",
        "+    http: https://shop.example/search",
        "+    interval: 1m",
        "+    service: shop",
        "+    parents: [shop]",
        "+    expect: {status: 200}",
        "+    warn: {duration: < 1s, certificate: '> 14d'}",
    ]
    assert "+  search:" in ended.out


def test_a_file_is_made_if_there_is_none(checks: Typed, tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    assert checks("add", path, "a", "http", "http://x", "--set", "http.redirects=2", "--set", "retries=0").code == 0
    assert path.read_text() == "checks:\n  a:\n    http: {url: http://x, redirects: 2}\n    retries: 0\n"
    assert checks("add", path, "b", "http", "http://y").code == 0
    assert checks("list", path).out.count("http") == 2


@pytest.mark.parametrize("text", ["checks: {}\n", "checks:\n", "location: x\n", "location: x", ""])
def test_the_first_check_is_added(checks: Typed, file: Write, text: str) -> None:
    path = file(text)
    assert checks("add", path, "a", "http", "http://x").code == 0
    assert path.read_text().endswith("checks:\n  a:\n    http: http://x\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a", "htp", "http://x"], "there is no type 'htp'; there are "),
        (["shop", "http", "http://x"], "there is a check 'shop' already"),
        (["a", "http", "ftp://x"], "'ftp://x' is not a URL"),
        (["a", "http", "http://x", "--interval", "30"], "'30' has no unit"),
        (["a", "http", "http://x", "--parent", "ghost"], "there is no check 'ghost'"),
        (["a", "http", "http://x", "--set", "famly=ipv4"], "unknown key 'famly'"),
        (["a", "http", "http://x", "--expect", "status"], "'status' is not of the form key=value"),
        (["a", "http", "http://x", "--set", "http.[=1"], "http.["),
        (["a", "http"], "url is missing"),
    ],
)
def test_what_would_be_wrong_is_told_and_not_written(checks: Typed, file: Write, words: list[str], told: str) -> None:
    path = file(FILE)
    ended = checks("add", path, *words)
    assert ended.code == 2
    assert told in ended.err
    assert path.read_text() == FILE


def test_edit_keeps_comments_order_and_quotes(checks: Typed, file: Write) -> None:
    path = file(FILE)
    words = ("--set", "expect.duration=< 1s", "--set", "interval=1m", "--set", 'expect.json."$.a.b"=< 5')
    assert checks("edit", path, "shop", *words).code == 0
    after = path.read_text()
    assert changed(FILE, after) == [
        "-      duration: '< 2s'",
        "-    parents: [ gateway ]",
        "+      duration: '< 1s'",
        "+      json: {$.a.b: < 5}",
        "+    parents: [gateway]",
        "+    interval: 1m",
    ]
    assert "defaults: {interval:   30s}   # spaces that nobody asked for" in after


def test_a_short_form_becomes_a_mapping_when_another_option_is_set(checks: Typed, file: Write) -> None:
    path = file(FILE)
    assert checks("edit", path, "shop", "--set", "http.redirects=2").code == 0
    assert 'http: {url: "https://shop.example/health?key=${env:KEY}", redirects: 2}' in path.read_text()


def test_a_value_is_removed(checks: Typed, file: Write) -> None:
    path = file(FILE)
    assert checks("edit", path, "shop", "--unset", "expect.duration", "--unset", "parents").code == 0
    assert "duration" not in path.read_text()
    ended = checks("edit", path, "shop", "--unset", "warn.duration")
    assert ended.code == 2
    assert "there is no warn.duration to remove" in ended.err


def test_a_dry_run_shows_and_writes_nothing(checks: Typed, file: Write) -> None:
    path = file(FILE)
    ended = checks("edit", path, "gateway", "--set", "interval=1m", "--dry-run")
    assert ended.code == 0
    assert "+  gateway: {http: 'http://192.0.2.1/', interval: 1m}" in ended.out
    assert path.read_text() == FILE


def test_a_check_is_removed_with_its_comment(checks: Typed, file: Write) -> None:
    path = file(FILE)
    assert checks("remove", path, "shop").code == 0
    first, _, rest = FILE.partition("  # The shop itself.\n")
    assert path.read_text() == first + rest[rest.index("anchors") :]


def test_a_parent_is_removed_by_force_only(checks: Typed, file: Write) -> None:
    path = file(FILE)
    ended = checks("remove", path, "gateway")
    assert ended.code == 2
    assert "'gateway' is the parent of shop and an anchor; --force removes it there too" in ended.err
    assert checks("remove", path, "gateway", "--force").code == 0
    assert "gateway" not in path.read_text()
    assert "anchors: []" in path.read_text()


def test_a_check_in_a_window_of_its_own_is_not_removed(checks: Typed, file: Write) -> None:
    text = (
        "maintenance: [{checks: a, cron: 0 2 * * *, for: 1h}]\nchecks:\n  a: {http: http://x}\n  b: {http: http://x}\n"
    )
    path = file(text)
    ended = checks("remove", path, "a")
    assert ended.code == 2
    assert "no check matches 'a'" in ended.err
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("checks:\n  a: {http: &u http://x}\n  b: {http: *u}\n", "b", "'b' uses *u, which stands elsewhere"),
        ("checks:\n  a: {http: &u http://x}\n  b: {http: *u}\n", "a", "'a' has the anchor &u, which other parts"),
        ("checks: {a: {http: http://x}}\n", "a", "the checks stand in braces; write them one below the other"),
        ("checks:\n  a: {http: http://x}\n", "b", "there is no 'b'; there are a"),
        ("checks:\n  a: {http: http://x}\n  a: {http: http://y}\n", "a", "'a' stands twice"),
        ("checks:\n  a: {http: http://x}  # \u2028\n", "a", "line separators other than"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(checks: Typed, file: Write, text: str, name: str, told: str) -> None:
    path = file(text)
    ended = checks("edit", path, name, "--set", "interval=1m")
    assert ended.code == 2
    assert told in ended.err
    assert path.read_text() == text


def test_an_alias_may_be_removed_and_its_anchor_may_not(checks: Typed, file: Write) -> None:
    path = file("checks:\n  a: {http: &u http://x}\n  b: {http: *u}\n")
    assert checks("remove", path, "a").code == 2
    assert checks("remove", path, "b").code == 0
    assert checks("remove", path, "a").code == 0


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark_stay(checks: Typed, tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "checks.yaml"
    raw = mark + FILE.replace("\n", "\r\n").encode()
    path.write_bytes(raw)
    assert checks("edit", path, "gateway", "--set", "interval=1m").code == 0
    assert checks("add", path, "b", "http", "http://y").code == 0
    after = path.read_bytes()
    assert after.startswith(mark + b"# The shop's")
    assert after.count(b"\r\n") == after.count(b"\n") == raw.count(b"\n") + 2


def test_utf_16_is_read_and_not_edited(checks: Typed, tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_bytes("checks:\n  ä: {http: 'http://x'}\n  b: {http: 'http://x'}\n".replace("ä", "a").encode("utf-16"))
    assert checks("validate", path).code == 0
    ended = checks("edit", path, "b", "--set", "interval=1m")
    assert ended.code == 2
    assert "the file is UTF-16; save it as UTF-8" in ended.err


# -- in an editor


def editor(tmp_path: Path, program: str) -> str:
    script = tmp_path / "editor.py"
    script.write_text(f"import sys, pathlib\npath = pathlib.Path(sys.argv[1])\ntext = path.read_text()\n{program}\n")
    return f"{sys.executable} {script}"


def test_a_check_is_edited_in_an_editor(
    checks: Typed, file: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", editor(tmp_path, "path.write_text(text.replace('[200, 204]', '[200]'))"))
    path = file(FILE)
    assert checks("edit", path, "shop").code == 0
    assert changed(FILE, path.read_text()) == ["-      status: [200, 204]", "+      status: [200]"]


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("path.write_text(text.replace('status', 'statsu'))", "unknown condition of http 'statsu'"),
        ("path.write_text('a: [')", "it is no YAML"),
        ("path.write_text('')", "it is not one key with its value"),
        ("sys.exit(3)", "ended with code 3; nothing was changed"),
    ],
)
def test_a_text_that_is_wrong_is_kept_beside(
    checks: Typed, file: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, told: str
) -> None:
    monkeypatch.setenv("VISUAL", editor(tmp_path, program))
    path = file(FILE)
    ended = checks("edit", path, "shop")
    assert ended.code == 2
    assert told in ended.err
    draft = Path(ended.err.rpartition("Your text is in ")[2].strip().removesuffix("."))
    assert draft.exists()
    draft.unlink()
    assert path.read_text() == FILE


def test_an_editor_that_is_not_there_is_told(checks: Typed, file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    ended = checks("edit", file(FILE), "shop")
    assert (
        "the editor '/no/such/editor' cannot be started: No such file or directory; set EDITOR, or use --set"
        in ended.err
    )
    Path(ended.err.rpartition("Your text is in ")[2].strip().removesuffix(".")).unlink()


# -- the file is replaced as a whole


@pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")
def test_mode_and_link_stay(checks: Typed, tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text(FILE)
    real.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(real)
    assert checks("edit", link, "shop", "--set", "interval=1m").code == 0
    assert link.is_symlink()
    assert "interval: 1m" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "real.yaml"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(checks: Typed, file: Write) -> None:
    path = file(FILE)
    os.chown(path, 1234, 4321)
    assert checks("edit", path, "shop", "--set", "interval=1m").code == 0
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


def test_a_dry_run_makes_no_file(checks: Typed, tmp_path: Path) -> None:
    assert checks("add", tmp_path / "new.yaml", "a", "http", "http://x", "--dry-run").code == 0
    assert list(tmp_path.iterdir()) == []


def test_edits_at_the_same_time_lose_none(file: Write, tmp_path: Path) -> None:
    path = file(FILE)
    program = """
import sys
from argus_otel.cli import _run
from argus_otel.sources.checks.cli import COMMANDS
sys.exit(_run("argus-otel checks add", COMMANDS["add"], sys.argv[1:], "checks"))
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path), f"c{number}", "http", "http://x"], stdout=subprocess.DEVNULL
        )
        for number in range(6)
    ]
    assert [process.wait(60) for process in processes] == [0] * 6
    text = path.read_text()
    assert [f"  c{number}:\n" in text for number in range(6)] == [True] * 6


def test_an_edit_leaves_the_lock_of_the_next_one(file: Write) -> None:
    path = file(FILE)
    first = replacing.replacing(path)
    first.__enter__().commit(b"1")
    with replacing.replacing(path) as second:  # as soon as the first one's file is in its place
        first.__exit__(None, None, None)
        second.commit(b"2")
    assert path.read_bytes() == b"2"
    assert [each.name for each in path.parent.iterdir()] == ["checks.yaml"]


def test_an_edit_that_was_killed_is_told(checks: Typed, file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "PATIENCE", 0.0)
    path = file(FILE)
    beside = path.with_name(".checks.yaml.new")
    beside.touch()
    ended = checks("edit", path, "shop", "--set", "interval=1m")
    assert ended.code == 2
    assert f"another command edits the file; if none does, remove {beside}" in ended.err
    assert path.read_text() == FILE


def test_a_change_by_another_program_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "checks.yaml"
    path.write_text(FILE)
    with replacing.replacing(path) as edit:
        path.write_text("by another program")
        with pytest.raises(replacing.EditError, match="was changed in the meantime"):
            edit.commit(b"by us")
    assert path.read_text() == "by another program"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_not_there_is_told(checks: Typed, tmp_path: Path) -> None:
    for command in (("edit", "--set", "a=1"), ("remove",)):
        ended = checks(command[0], tmp_path / "no.yaml", "shop", *command[1:])
        assert ended.code == 2
        assert "no.yaml" in ended.err
        assert "o such file" in ended.err
