"""Reads an agent's file, ``agent.toml``: who may ask it for what. All mistakes are told at once."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, cast

from argus_otel.sources.problems import Problem

from .commands import key_in
from .problems import AgentFileError, Lines
from .recipes import Argument, ArgumentError, Part, Recipe, parts_of
from .trusted_files import UntrustedFileError, read_trusted

T = TypeVar("T")

_TOML: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

DEFAULT_STATE = "~/.argus/agent"

_KEYS = ("host", "interval", "users", "max_running", "key_file", "allow_rerun_of_own_runs", "state", "recipes")
_OF_RECIPE = ("argv", "cwd", "environment", "users", "arguments")
_OF_ARGUMENT = ("pattern", "choices", "default")

_RECIPE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ARGUMENT_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELLS = frozenset(("sh", "ash", "bash", "csh", "dash", "fish", "ksh", "tcsh", "zsh"))
_CREDENTIALS = frozenset(("ARGUS_HISTORY_STORE",))
_AT_LINE = re.compile(r" \(at line (\d+), column (\d+)\)")


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """What an agent's file says.

    Attributes
    ----------
    host:
        The name that commands give: by default that of the host.
    interval:
        How often the agent asks for commands, in seconds.
    users:
        The users of ClickHouse who may stop runs, start recipes that name no users, and rerun runs.
    max_running:
        How many runs may go on when another one is started, that one included.
    key:
        The key of signatures; ``None`` if commands need none.
    allow_rerun_of_own_runs:
        Whether a run may be started again as it was started here before.
    state:
        The directory of the agent's journal.
    """

    host: str
    interval: float
    users: frozenset[str]
    max_running: int
    key: bytes | None = field(repr=False)
    allow_rerun_of_own_runs: bool
    state: Path
    recipes: Mapping[str, Recipe]


def read(path: Path) -> AgentConfig:
    """Read an agent's file, and the key that it names.

    Raises
    ------
    AgentFileError
        It has mistakes, or others than this user and root could have written it.
    """
    try:
        text = read_trusted(path).decode()
    except UntrustedFileError as error:
        raise AgentFileError(str(path), [Problem(0, 0, "", str(error))]) from None
    except UnicodeDecodeError:
        raise AgentFileError(str(path), [Problem(0, 0, "", "is not UTF-8")]) from None
    return parse(text, path)


def parse(text: str, path: Path) -> AgentConfig:
    """Read the text of an agent's file; see :func:`read`."""
    try:
        document: dict[str, Any] = _TOML.loads(text)
    except ValueError as error:  # TOMLDecodeError is one
        place = _AT_LINE.search(str(error))
        message = _AT_LINE.sub("", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise AgentFileError(str(path), [Problem(line, 0, "", f"is not TOML: {message}")]) from None
    reader = _Reader(Lines(text), path)
    config = reader.config(document)
    if reader.problems:
        raise AgentFileError(str(path), reader.problems)
    return config


class _Reader:
    """Reads a document, and keeps all of its mistakes."""

    def __init__(self, lines: Lines, path: Path) -> None:
        self.problems: list[Problem] = []
        self._lines = lines
        self._path = path

    def config(self, document: dict[str, Any]) -> AgentConfig:
        self._known(document, (), _KEYS)
        users = frozenset(self._names(document, (), "users", required=True))
        return AgentConfig(
            host=self._value(document, (), "host", _text, platform.node()),
            interval=self._value(document, (), "interval", _seconds, 5.0),
            users=users,
            max_running=self._value(document, (), "max_running", _number, 1),
            key=self._key(document),
            allow_rerun_of_own_runs=self._value(document, (), "allow_rerun_of_own_runs", _boolean, False),
            state=Path(self._value(document, (), "state", _directory, DEFAULT_STATE)).expanduser(),
            recipes=self._recipes(document, users),
        )

    # -- parts of the document

    def _key(self, document: dict[str, Any]) -> bytes | None:
        name = self._value(document, (), "key_file", _text, "")
        if not name:
            return None
        path = self._path.parent / Path(name).expanduser()
        try:
            return key_in(read_trusted(path, secret=True))
        except (UntrustedFileError, ValueError) as error:
            self._wrong(("key_file",), f"{path} {error}")
            return None

    def _recipes(self, document: dict[str, Any], users: frozenset[str]) -> dict[str, Recipe]:
        found: dict[str, Recipe] = {}
        for name, given in self._table(document, (), "recipes").items():
            path = ("recipes", name)
            if not _RECIPE_NAME.fullmatch(name):
                self._wrong(path, "is no name of a recipe: it has letters, digits, and . _ - behind the first of them")
            elif not isinstance(given, dict):
                self._wrong(path, f"is {_kind(given)}, but has to be a table, such as [recipes.{name}]")
            else:
                found[name] = self._recipe(cast("dict[str, Any]", given), path, users)
        return found

    def _recipe(self, given: dict[str, Any], path: tuple[str, ...], users: frozenset[str]) -> Recipe:
        self._known(given, path, _OF_RECIPE)
        arguments = {
            name: self._argument(name, each, (*path, "arguments", name))
            for name, each in self._table(given, path, "arguments").items()
        }
        environment = self._names(given, path, "environment", right='names of variables, such as ["HF_HOME"]')
        for name in environment:
            if not _VARIABLE.fullmatch(name):
                self._wrong((*path, "environment"), f"{name!r} is no name of a variable")
            if name in _CREDENTIALS:
                self._wrong((*path, "environment"), f"{name} has the agent's password, which no run may have")
        return Recipe(
            self._argv(given, path, arguments),
            self._value(given, path, "cwd", _directory, None, right='such as cwd = "/srv/train"'),
            environment,
            frozenset(self._names(given, path, "users")) or users,
            arguments,
        )

    def _argv(
        self, given: dict[str, Any], path: tuple[str, ...], arguments: Mapping[str, Argument]
    ) -> tuple[tuple[Part, ...], ...]:
        right = 'a list of words, such as argv = ["/usr/bin/python3", "train.py", "--lr={lr}"]'
        words = self._names(given, path, "argv", required=True, right=right)
        path = (*path, "argv")
        found = [parts for word in words for parts in self._parts(word, path)]
        if len(found) < len(words) or not words:
            return ()
        used = {name for parts in found for _, name in parts if name}
        for name in sorted(used - arguments.keys()):
            self._wrong(
                path, f"{{{name}}} is no argument of this recipe: describe it in [{'.'.join(path[:-1])}.arguments]"
            )
        for name in sorted(arguments.keys() - used):
            self._wrong((*path[:-1], "arguments", name), f"is not used: argv has no {{{name}}}")
        program = PurePosixPath(words[0])
        if not program.is_absolute() or ".." in program.parts or any(name for _, name in found[0]):
            self._wrong(path, f"{words[0]!r} has to be the absolute path of a program, without arguments in it")
        if program.name in _SHELLS and used and any(word.startswith("-") and "c" in word for word in words[1:]):
            self._wrong(path, f"{words[0]} would read the arguments as commands: start the program itself, not a shell")
        return tuple(found)

    def _parts(self, word: str, path: tuple[str, ...]) -> Iterator[tuple[Part, ...]]:
        try:
            yield parts_of(word)
        except ValueError as error:
            self._wrong(path, f"{word!r}: {error}")

    def _argument(self, name: str, given: object, path: tuple[str, ...]) -> Argument:
        nothing = Argument(None, (), None)
        if not _ARGUMENT_NAME.fullmatch(name):
            self._wrong(path, "is no name of an argument: it has letters, digits and _")
        if not isinstance(given, dict):
            self._wrong(path, f'is {_kind(given)}, but has to be such as {{ pattern = "[0-9.]+" }}')
            return nothing
        table = cast("dict[str, Any]", given)
        self._known(table, path, _OF_ARGUMENT)
        if ("pattern" in table) is ("choices" in table):
            self._wrong(path, 'has to have either pattern, such as "[0-9.]+", or choices, such as ["small", "large"]')
            return nothing
        pattern = self._value(table, path, "pattern", _pattern, None) if "pattern" in table else None
        choices = self._names(table, path, "choices", required=True) if "choices" in table else ()
        found = Argument(pattern, choices, self._value(table, path, "default", _text, "") or None)
        if found.default is not None and (pattern or choices):
            try:
                found.check(name, found.default)
            except ArgumentError as error:
                self._wrong((*path, "default"), f"is not allowed itself: {error}")
        return found

    # -- values

    def _known(self, table: dict[str, Any], path: tuple[str, ...], keys: tuple[str, ...]) -> None:
        for key in table:
            if key not in keys:
                self._wrong((*path, key), f"is not known; there are {', '.join(keys)}")

    def _table(self, table: dict[str, Any], path: tuple[str, ...], key: str) -> dict[str, Any]:
        found = table.get(key, {})
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
        self._wrong((*path, key), f"is {_kind(found)}, but has to be a table")
        return {}

    def _value(
        self,
        table: dict[str, Any],
        path: tuple[str, ...],
        key: str,
        read_value: Callable[[object], T],
        default: T | None,
        *,
        right: str = "",
    ) -> T:
        """Return a value; without a default, it has to be there. If it is wrong, the result is not to be used."""
        if key in table:
            try:
                return read_value(table[key])
            except ValueError as error:
                self._wrong((*path, key), f"is {_kind(table[key])}, but has to be {error}")
        elif default is None:
            self._wrong((*path, key), f"is missing: {right}")
        return cast("T", default if default is not None else "")

    def _names(
        self, table: dict[str, Any], path: tuple[str, ...], key: str, *, required: bool = False, right: str = ""
    ) -> tuple[str, ...]:
        right = right or f'a list of names, such as {key} = ["ada"]'
        if key not in table:
            if required:
                self._wrong((*path, key), f"is missing: {right}")
            return ()
        found = table[key]
        items = cast("list[object]", found) if isinstance(found, list) else []
        words = tuple(each for each in items if isinstance(each, str) and each and "\0" not in each)
        if not words or len(words) < len(items):
            self._wrong((*path, key), f"is {_kind(table[key])}, but has to be {right}")
            return ()
        return words

    def _wrong(self, path: tuple[str, ...], message: str) -> None:
        self.problems.append(Problem(self._lines.of(path), 0, ".".join(path), message))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("a text")
    return value


def _directory(value: object) -> str:
    text = value if isinstance(value, str) else ""
    path = PurePosixPath(text)
    if ".." in path.parts or not (path.is_absolute() or text.startswith("~/")) or "\0" in text:
        raise ValueError("the absolute path of a directory, without ..")
    return str(Path(text).expanduser())


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value <= 3600:
        raise ValueError("a number of seconds from 1 to 3600")
    return float(value)


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise ValueError("a whole number from 1 to 1000")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - all values are judged alike
    return value


def _pattern(value: object) -> re.Pattern[str]:
    try:
        return re.compile(_text(value))
    except re.error as error:
        raise ValueError(f"a regular expression, and is none: {error}") from None


def _kind(value: object) -> str:
    """Return what a value is, for messages."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return repr(value[:80])
    if value == []:
        return "an empty list"
    names: dict[type, str] = {list: "a list of other things", dict: "a table"}
    return names.get(type(value), "a date")
