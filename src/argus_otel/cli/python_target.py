"""Finds and compiles what ``python`` can run: a script, a directory or archive, a module."""

from __future__ import annotations

import importlib.util
import sys
import zipfile
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import NamedTuple, Protocol


class NotFoundError(Exception):
    """The program does not exist. The message names it."""


class Loaded(NamedTuple):
    """A compiled program, and the attributes of its ``__main__``."""

    code: CodeType
    attributes: dict[str, object]


class PythonTarget(Protocol):
    """Something that ``python`` can run.

    Attributes
    ----------
    argv:
        :data:`sys.argv` while the program is searched for.
    path:
        The first entry of :data:`sys.path`.
    """

    argv: list[str]
    path: str

    def load(self) -> Loaded:
        """Find and compile it.

        Raises
        ------
        NotFoundError
            It does not exist.
        SyntaxError
            It is not valid Python. Exceptions of a package that has to be imported first pass through, too.
        """
        ...


class _Script:
    """``python bot.py``."""

    def __init__(self, words: list[str]) -> None:
        self.argv = words
        self.path = str(Path(words[0]).resolve().parent)
        self._file = _from_here(words[0])

    def load(self) -> Loaded:
        loader = SourceFileLoader("__main__", self._file)
        code = loader.source_to_code(loader.get_data(self._file), self._file)
        attributes = dict.fromkeys(("__spec__", "__package__", "__cached__"))
        return Loaded(code, {**attributes, "__file__": self._file, "__loader__": loader})


class _Container:
    """``python directory`` or ``python archive.pyz``."""

    def __init__(self, words: list[str]) -> None:
        self.argv = words
        self.path = _from_here(words[0])

    def load(self) -> Loaded:
        return _loaded(PathFinder.find_spec("__main__", [self.path]), f"there is no __main__.py in {self.path!r}")


class _Module:
    """``python -m package.module``."""

    def __init__(self, words: list[str]) -> None:
        self.argv = words[1:]
        self.path = _from_here()
        self._name = self.argv[0]

    def load(self) -> Loaded:
        name = self._name
        spec = self._find(name)
        if spec is not None and spec.submodule_search_locations is not None:
            name = f"{name}.__main__"
            spec = self._find(name)
        loaded = _loaded(spec, f"there is no module {name!r} to run, neither in {self.path!r} nor elsewhere")
        sys.argv[0] = str(loaded.attributes["__file__"])
        return loaded

    def _find(self, name: str) -> ModuleSpec | None:
        try:
            return importlib.util.find_spec(name)
        except ModuleNotFoundError as error:
            if error.name and (name == error.name or name.startswith(f"{error.name}.")):
                return None
            raise  # a module that the package imports: the program's own error
        except ValueError:  # a relative name, or `__main__`
            return None


def find_target(words: list[str]) -> PythonTarget:
    """Return the target that ``words`` begin with, as they would follow ``python`` on its command line.

    Raises
    ------
    NotFoundError
        It does not exist. (A missing module shows only when it is loaded: finding ``a.b`` imports ``a``.)
    """
    if words[0] == "-m":
        if len(words) < 2:
            raise NotFoundError("-m needs the name of a module")
        return _Module(words)
    if not Path(words[0]).exists():
        raise NotFoundError(
            f"there is no file {words[0]!r} in {_from_here() or 'the working directory, which was deleted'}"
        )
    if Path(words[0]).is_dir() or zipfile.is_zipfile(words[0]):
        return _Container(words)
    return _Script(words)


def _from_here(path: str = "") -> str:
    """Return ``path`` below the working directory; unchanged if that was deleted, as ``python`` does."""
    try:
        return str(Path.cwd() / path)
    except FileNotFoundError:
        return path


def _loaded(spec: ModuleSpec | None, otherwise: str) -> Loaded:
    """Return the code of ``spec``, with the attributes that ``python -m`` gives to ``__main__``."""
    get_code: Callable[[str], CodeType | None] | None = getattr(spec and spec.loader, "get_code", None)
    code = get_code(spec.name) if spec and get_code else None
    if spec is None or code is None:
        raise NotFoundError(otherwise)
    attributes: dict[str, object] = {
        "__spec__": spec,
        "__package__": spec.parent,
        "__cached__": spec.cached,
        "__file__": spec.origin,
        "__loader__": spec.loader,
    }
    return Loaded(code, attributes)
