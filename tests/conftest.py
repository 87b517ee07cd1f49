"""What holds for every test, and the parts that many of them share."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from lab.clickhouse import ClickHouse

# Hundreds of tests start a Python. Without kept bytecode, each of these compiles all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell ignores SIGINT for what it runs in the background, and every child inherits that: bots would not hear Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# They start servers, bots and environments, and take up to minutes each. One that began last would keep a worker busy
# long after the others have ended.
LONG = ("tests/breadth/", "tests/dashboards/", "tests/history/", "tests/launch/", "tests/pipeline/", "tests/rules/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; with ``--no-loadscope-reorder``, pytest-xdist distributes files in this order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A ClickHouse server for whoever takes a database of their own on it; nobody stops it."""
    with ClickHouse.running_in(tmp_path_factory.mktemp("clickhouse") / "data") as server:
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Let a report cross to another process, whatever has been logged: some tests log what is no Unicode."""
    report = yield
    report.sections = [(title, text.encode("utf-8", "backslashreplace").decode()) for title, text in report.sections]
    return report
