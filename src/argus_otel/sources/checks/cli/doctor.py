"""The checks of ``argus-otel doctor`` about service checks: the file, the directory of states, what may be done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from argus_otel.sources.checks.packages import missing
from argus_otel.sources.checks.settings import ChecksSettings
from argus_otel.terminal.findings import Check, Finding, Look, Status

if TYPE_CHECKING:
    from argus_otel.sources.checks.file.checks_file import CheckFile

_GROUP = "Service checks"
_MOST_PROBLEMS = 5


def _file(look: Look) -> Iterator[Finding]:
    """Check the file of ``ARGUS_CHECKS_FILE``, if checks are asked for, and whether its checks may do what they do."""
    own = look.settings[ChecksSettings]
    if own.file is None:
        return
    absent = missing()
    if absent:
        detail = f"ARGUS_CHECKS_FILE asks for checks, but {absent} cannot be imported"
        yield Finding(_GROUP, "packages", Status.FAIL, detail, "pip install 'argus-otel[checks]'")
        return
    from argus_otel.sources.checks.executor import ExecutorContext
    from argus_otel.sources.checks.executors import installed
    from argus_otel.sources.checks.file.checks_file import read
    from argus_otel.sources.checks.file.problems import CheckFileError
    from argus_otel.sources.checks.net.resolver import Resolver

    path = Path(own.file)
    resolver = Resolver(1)
    try:
        executors = installed(ExecutorContext(resolver, allow_commands=own.allow_commands))
        file = read(path, executors, look.environ)
    except CheckFileError as error:
        problems = str(error).splitlines()
        more = f" (and {len(problems) - _MOST_PROBLEMS} more)" if len(problems) > _MOST_PROBLEMS else ""
        detail = f"it has mistakes, and no check runs: {'; '.join(problems[:_MOST_PROBLEMS])}{more}"
        yield Finding(_GROUP, "file", Status.FAIL, detail, f"mend it; see argus-otel checks validate {path}")
        return
    except OSError as error:
        yield Finding(_GROUP, "file", Status.FAIL, f"{path} cannot be read: {error.strerror}", "correct the path")
        return
    finally:
        resolver.close()
    enabled = [check for check in file.checks if check.enabled]
    yield Finding(_GROUP, "file", Status.OK, f"{path}: {len(enabled)} of {len(file.checks)} checks are enabled")
    yield from _may(file, allow_commands=own.allow_commands)


def _may(file: CheckFile, *, allow_commands: bool) -> Iterator[Finding]:
    types = {check.executor.type for check in file.checks if check.enabled}
    if "command" in types and not allow_commands:
        detail = "checks of the type command stay unknown: programs may not be started"
        yield Finding(
            _GROUP, "commands", Status.WARN, detail, "set ARGUS_CHECKS_ALLOW_COMMANDS=true, if you trust the file"
        )
    if "icmp" in types:
        from argus_otel.sources.checks.net.icmp import may_ping

        if may_ping():
            yield Finding(_GROUP, "icmp", Status.OK, "echo requests may be sent")
        else:
            detail = "checks of the type icmp stay unknown: this user may not send echo requests"
            remedy = "sysctl -w net.ipv4.ping_group_range='0 2147483647', or give the process CAP_NET_RAW"
            yield Finding(_GROUP, "icmp", Status.WARN, detail, remedy)


def _state(look: Look) -> Iterator[Finding]:
    """Check where statuses are kept."""
    own = look.settings[ChecksSettings]
    if own.file is None:
        return
    if own.state is None:
        detail = "statuses are not kept: after a restart, each check begins anew, and a change meanwhile is not told"
        yield Finding(
            _GROUP, "states", Status.INFO, detail, "set ARGUS_CHECKS_STATE to a directory that outlives the process"
        )
        return
    directory = Path(own.state)
    existing = next(each for each in (directory, *directory.absolute().parents) if each.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        yield Finding(_GROUP, "states", Status.OK, str(directory))
    else:
        remedy = (
            f"let this user write to {existing}" if existing.is_dir() else f"{existing} is a file: choose another one"
        )
        yield Finding(_GROUP, "states", Status.FAIL, f"{directory} cannot be written to", remedy)


def _running(look: Look) -> Iterator[Finding]:
    """Check what the running program says of its checks."""
    told = look.status.get("checks")
    if not isinstance(told, Mapping):
        return
    section = cast("Mapping[str, Any]", told)
    if not section.get("running"):
        why = f": {section['waiting']}" if section.get("waiting") else ""
        yield Finding(_GROUP, "running", Status.WARN, f"the program runs, and its checks do not{why}", "see its log")
        return
    statuses = cast("Mapping[str, int]", section.get("checks") or {})
    counts = ", ".join(f"{count} {status}" for status, count in statuses.items() if count)
    yield Finding(_GROUP, "running", Status.OK, f"{counts or 'no checks'}; from {section.get('location')}")
    if not section.get("network", True):
        detail = "none of the anchors answers: the agent has no network, and judges nothing"
        yield Finding(
            _GROUP, "network", Status.WARN, detail, "see the network of this host, and the anchors of the file"
        )
    if section.get("reload_error"):
        detail = f"the file on disk is not the one in use: {section['reload_error']}"
        yield Finding(_GROUP, "reload", Status.WARN, detail, "mend it; it is read again within seconds")


CHECKS: tuple[Check, ...] = (_file, _state, _running)
"""See :mod:`argus_otel.terminal.findings`."""
