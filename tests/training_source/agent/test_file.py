"""The agent's file: every mistake is told, with its line, its key, and what is right; and who may have written it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from argus_otel.sources.problems import Problem
from argus_otel.sources.training.agent.agent_file import AgentConfig, read
from argus_otel.sources.training.agent.problems import AgentFileError

RIGHT = """\
users = ["ada"]
[recipes.baseline]
argv = ["/opt/venv/bin/python", "train.py", "--lr", "{lr}", "--data={data}"]
cwd = "/srv/train"
environment = ["HF_HOME"]
users = ["bob"]
[recipes.baseline.arguments]
lr = { pattern = "[0-9.e-]+", default = "0.1" }
data = { choices = ["small", "large"] }
"""


def written(directory: Path, text: str) -> Path:
    path = directory / "agent.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def problems(directory: Path, text: str) -> list[Problem]:
    with pytest.raises(AgentFileError) as raised:
        read(written(directory, text))
    return raised.value.problems


def config(directory: Path, text: str = RIGHT) -> AgentConfig:
    return read(written(directory, text))


def test_a_file_is_read(tmp_path: Path) -> None:
    found = config(tmp_path)
    assert (found.users, found.interval, found.max_running) == ({"ada"}, 5.0, 1)
    assert found.key is None
    assert found.allow_rerun_of_own_runs is False
    recipe = found.recipes["baseline"]
    assert (recipe.cwd, recipe.environment, recipe.users) == ("/srv/train", ("HF_HOME",), {"bob"})
    python, script = "/opt/venv/bin/python", "train.py"
    assert recipe.command_line({"data": "large"}) == [python, script, "--lr", "0.1", "--data=large"]
    assert recipe.command_line({"lr": "-1e-3", "data": "small"})[3] == "-1e-3"


def test_every_mistake_is_told_at_once_with_line_and_key(tmp_path: Path) -> None:
    text = """\
users = []
intervall = 5
interval = 0
max_running = true
host = 7
allow_rerun_of_own_runs = "yes"
state = "../state"
key_file = "absent.key"

[recipes.one]
argv = ["python", "train.py", "{lr}", "{a.b}"]
cwd = "srv"
environment = ["A B", "ARGUS_HISTORY_STORE"]

[recipes.one.arguments]
lr = { pattern = "[" }
data = { pattern = ".", choices = ["a"] }

[recipes.two]
cwd = "/"
argv = "sleep 1"

[recipes.three]
argv = ["/bin/sh", "-c", "train {lr}"]
cwd = "/"
[recipes.three.arguments]
lr = { choices = ["1"], default = "2" }
unused = { pattern = ".", other = 1 }

[recipes."four/.."]
argv = ["/bin/true"]
cwd = "/"
"""
    found = [(each.line, each.path) for each in problems(tmp_path, text)]
    assert found == [
        (1, "users"),
        (2, "intervall"),
        (3, "interval"),
        (4, "max_running"),
        (5, "host"),
        (6, "allow_rerun_of_own_runs"),
        (7, "state"),
        (8, "key_file"),
        (11, "recipes.one.argv"),
        (12, "recipes.one.cwd"),
        (13, "recipes.one.environment"),
        (13, "recipes.one.environment"),
        (16, "recipes.one.arguments.lr.pattern"),
        (17, "recipes.one.arguments.data"),
        (21, "recipes.two.argv"),
        (24, "recipes.three.argv"),
        (27, "recipes.three.arguments.lr.default"),
        (28, "recipes.three.arguments.unused.other"),
        (28, "recipes.three.arguments.unused"),
        (30, "recipes.four/.."),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", 'users: is missing: a list of names, such as users = ["ada"]'),
        ("users = [", "is not TOML"),
        ('users = ["a"]\nusers = ["b"]', "2: is not TOML"),
        ('users = ["a", ""]', "1: users: is a list of other things, but has to be a list of names"),
        ('users = ["a"]\nrecipes = 1', "2: recipes: is 1, but has to be a table"),
        ('users = ["a"]\n[recipes]\none = 1', "3: recipes.one: is 1, but has to be a table, such as [recipes.one]"),
        (
            'users = ["a"]\n[recipes.one]\nargv = ["/bin/true"]',
            '2: recipes.one.cwd: is missing: such as cwd = "/srv/train"',
        ),
        (
            'users = ["a"]\n[recipes.one]\ncwd = "/"\nargv = ["/bin/echo", "{x}"]',
            "4: recipes.one.argv: {x} is no argument of this recipe: describe it in [recipes.one.arguments]",
        ),
        ('users = ["a"]\n[recipes.one]\ncwd = "/"\nargv = ["/bin/../bin/true"]', "has to be the absolute path"),
        (
            'users = ["a"]\n[recipes.one]\ncwd = "/a/../b"\nargv = ["/bin/true"]',
            "3: recipes.one.cwd: is '/a/../b', but",
        ),
        ('users = ["a"]\ninterval = nan', "2: interval: is nan, but has to be a number of seconds from 1 to 3600"),
    ],
)
def test_a_message_says_what_would_be_right(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(AgentFileError) as raised:
        read(path)
    assert told in str(raised.value)
    assert all(line.startswith(f"{path}:") for line in str(raised.value).splitlines())


# -- who may have written it


@pytest.mark.parametrize("mode", [0o660, 0o606, 0o622, 0o777])
def test_a_file_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, RIGHT)
    path.chmod(mode)
    with pytest.raises(AgentFileError, match="can be written by others"):
        read(path)


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_file_in_a_directory_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    directory = tmp_path / "open"
    directory.mkdir()
    path = written(directory, RIGHT)
    directory.chmod(mode)
    with pytest.raises(AgentFileError, match="can be written by others"):
        read(path)
    directory.chmod(mode | 0o1000)  # with the sticky bit, nobody may replace another one's file
    assert read(path).users == {"ada"}


def test_a_link_does_not_hide_where_a_file_is(tmp_path: Path) -> None:
    open_directory, closed = tmp_path / "open", tmp_path / "closed"
    open_directory.mkdir()
    closed.mkdir()
    there = written(open_directory, RIGHT)
    (closed / "link.toml").symlink_to(there)
    open_directory.chmod(0o777)
    with pytest.raises(AgentFileError, match="can be written by others"):
        read(closed / "link.toml")
    (open_directory / "link.toml").symlink_to(written(closed, RIGHT))
    with pytest.raises(AgentFileError, match="can be written by others"):
        read(open_directory / "link.toml")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, RIGHT)
    os.chown(path, 12345, -1)
    with pytest.raises(AgentFileError, match="belongs to the user 12345"):
        read(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_a_file_of_root_is_read_by_another_user() -> None:
    with tempfile.TemporaryDirectory() as directory:  # which others may enter, unlike those of pytest
        Path(directory).chmod(0o755)
        path = written(Path(directory), RIGHT)
        path.chmod(0o644)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setresuid(12345, 12345, 12345)
                code = 0 if read(path).users == {"ada"} else 2
            finally:
                os._exit(code)  # whatever happens, no second pytest goes on
        assert os.waitpid(child, 0)[1] == 0


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, told in (
        (tmp_path / "pipe", "is no file"),
        (tmp_path, "is no file"),
        (tmp_path / "none", "No such file"),
    ):
        with pytest.raises(AgentFileError, match=told):
            read(path)


# -- its key


def with_key(directory: Path, content: bytes = b"0123456789abcdef\n", mode: int = 0o600) -> str:
    (directory / "agent.key").write_bytes(content)
    (directory / "agent.key").chmod(mode)
    return 'users = ["ada"]\nkey_file = "agent.key"\n'


def test_a_key_lies_beside_the_file(tmp_path: Path) -> None:
    found = config(tmp_path, with_key(tmp_path))
    assert found.key == b"0123456789abcdef"
    assert "0123456789abcdef" not in repr(found)


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        (b"0123456789abcdef", 0o620, "can be written by others"),
        (b"0123456789abcdef", 0o602, "can be written by others"),
        (b"0123456789abcdef", 0o604, "can be read by every user of this host; chmod o="),
        (b"short", 0o600, "has 5 bytes, but a key has 16 at least; make one: openssl rand -hex 32"),
        (b"", 0o600, "has 0 bytes"),
    ],
)
def test_a_key_that_others_have_is_refused(tmp_path: Path, content: bytes, mode: int, told: str) -> None:
    [problem] = problems(tmp_path, with_key(tmp_path, content, mode))
    assert (problem.line, problem.path) == (2, "key_file")
    assert told in problem.message
