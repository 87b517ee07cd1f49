"""Opens a directory of daily files for queries: in an embedded store beside them, which is brought up to date first.

The store is in ``.queries`` of the directory, or in a temporary directory where that cannot be written. It has what the
files have: rows that were appended since the last query are added, and once a file is gone, because its day was removed
or rows were erased from it, everything is loaded anew.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from argus_otel.history.directories import make_private
from argus_otel.history.record.locks import lock
from argus_otel.history.store import migrations
from argus_otel.history.store.address import Address
from argus_otel.history.store.client import BUSY_TIMEOUT, Store, connect
from argus_otel.history.store.errors import InUseError, MissingExtraError, SchemaMissingError, StoreError
from argus_otel.history.store.schema import Schema

from .ingestion import Ingestion, Progress
from .listing import DayFile, FilesError, listed

CACHE = ".queries"
_LOCK = ".queries.lock"
_STATE = "state.json"
_STORE = "chdb"


def open_files(address: Address, schema: Schema, progress: Progress | None = None) -> Store:
    """Open the directory of an address for queries.

    Raises
    ------
    StoreError
        No engine is installed, or the directory cannot be read.
    """
    directory = Path(address.files or "").absolute()
    if not directory.is_dir():
        raise SchemaMissingError(
            f"there is no history in {address}: {directory} does not exist; name the store that history is written to, "
            "with --store or ARGUS_HISTORY_STORE"
        )
    if not all(map(find_spec, ("chdb", "clickhouse_connect"))):
        raise MissingExtraError(
            f"{address} is queried by ClickHouse's engine, which is not installed: pip install 'argus-otel[embedded]', "
            f"or copy {directory} to a machine that has it"
        )
    with _guard, ExitStack() as stack:
        cache = _cache(directory, stack)
        try:
            files = listed(directory)
        except FilesError as error:
            raise StoreError(str(error)) from error
        loaded = _Loaded(cache.path, schema)
        if not loaded.is_of(files):
            if cache.users > 1:
                raise InUseError(f"{address} is open in this process, and files that it has are gone: close it first")
            loaded.clear()
        store = connect(Address(directory=str(cache.path / _STORE)), busy_timeout=BUSY_TIMEOUT)
        store.at_close(stack.pop_all().close)
        try:
            if not loaded.migrated:
                migrations.migrate(store, schema, keep=dict.fromkeys(kept.subject for kept in schema.retention))
                loaded.record({})
            Ingestion(store, progress, loaded.record).run(loaded.missing(files))
        except BaseException:
            store.close()
            raise
        return store


def remove_cache(directory: Path) -> None:
    """Remove the store of a directory's queries.

    Raises
    ------
    StoreError
        It is open.
    """
    directory = directory.absolute()
    with _guard, ExitStack() as stack:
        if directory in _open:
            raise InUseError(f"files:{directory} is being queried by this process: close it first")
        if (directory / CACHE).exists():
            shutil.rmtree(_made(directory, stack), ignore_errors=True)


class _Cache:
    """The directory of a store that this process has open, once or several times, as the engine allows."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.path = path
        self.users = 0
        self._stack = stack

    def leave(self, directory: Path) -> None:
        """Unlock it after the last user."""
        with _guard:
            self.users -= 1
            if not self.users:
                del _open[directory]
                self._stack.close()


_open: dict[Path, _Cache] = {}
_guard = threading.RLock()


def _cache(directory: Path, stack: ExitStack) -> _Cache:
    """Return the cache of a directory, which no other process can open until the stack is left."""
    cache = _open.get(directory)
    if cache is None:
        with ExitStack() as made:
            cache = _open[directory] = _Cache(_made(directory, made), made.pop_all())
    cache.users += 1
    stack.callback(cache.leave, directory)
    return cache


def _made(directory: Path, stack: ExitStack) -> Path:
    """Return the directory of the store, locked until the stack is left."""
    try:
        descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        stack.callback(os.close, descriptor)
        make_private(directory / CACHE)
    except OSError:
        cache = Path(tempfile.mkdtemp(prefix="argus-history-"))
        stack.callback(shutil.rmtree, cache, ignore_errors=True)
        return cache
    deadline = time.monotonic() + BUSY_TIMEOUT
    while not lock(descriptor):
        if time.monotonic() > deadline:
            raise InUseError(f"files:{directory} is being queried by another process: ask again when it has finished")
        time.sleep(0.05)
    return directory / CACHE


class _Loaded:
    """The record of what a store of queries has."""

    def __init__(self, cache: Path, schema: Schema) -> None:
        self._cache = cache
        # Inside of the store there are absolute paths: a copied one is made anew.
        steps = [[step.model, step.version, step.checksum] for step in schema.migrations]
        claims = [[model.name, *model.prefixes, *model.attributes] for model in schema.models]
        self._identity = json.loads(json.dumps([str(cache), steps, claims]))
        self._files: dict[str, tuple[int, int]] = {}
        self.migrated = False
        try:
            facts = cast("dict[str, Any]", json.loads((cache / _STATE).read_text(encoding="utf-8")))
            if facts["identity"] == self._identity:
                self._files = {name: (int(resume), int(seen)) for name, (resume, seen) in facts["files"].items()}
                self.migrated = True
        except (OSError, ValueError, TypeError, KeyError):
            pass

    def is_of(self, files: Sequence[DayFile]) -> bool:
        """Whether all that was loaded is still there."""
        sizes = {file.path.name: file.size for file in files}
        return self.migrated and all(sizes.get(name, -1) >= seen for name, (_, seen) in self._files.items())

    def clear(self) -> None:
        """Forget everything."""
        self.migrated, self._files = False, {}
        (self._cache / _STATE).unlink(missing_ok=True)
        shutil.rmtree(self._cache / _STORE, ignore_errors=True)

    def missing(self, files: Sequence[DayFile]) -> list[tuple[Path, int]]:
        """Return the files that have more than was loaded, and where to begin."""
        found = [(file, *self._files.get(file.path.name, (0, 0))) for file in files]
        return [(file.path, resume) for file, resume, seen in found if file.size > seen]

    def record(self, read: Mapping[str, tuple[int, int]]) -> None:
        """Record files that were loaded."""
        self._files.update(read)
        draft = self._cache / f"{_STATE}.new"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps({"identity": self._identity, "files": self._files}))
        draft.replace(self._cache / _STATE)
        self.migrated = True
