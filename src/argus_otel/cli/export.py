"""``argus-otel export``: writes dashboards, rules and configurations for Grafana, Prometheus and the Collector.

Dashboards for Grafana and rules for Prometheus come from the installed sources and from argus-otel itself;
configurations of the Collector, from argus-otel alone. The files are the user's to edit: changed ones are not
overwritten.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from argus_otel.discovery import installed

from . import assets

_KINDS = (assets.DASHBOARDS, assets.RULES, assets.COLLECTOR)

_NEXT = {
    "dashboards": """\
To import into a running Grafana: Dashboards, New, Import, then each file below {directory}/dashboards.
Choose the data sources at the top of each dashboard.

To provision: adjust the addresses and ClickHouse's user in {directory}/provisioning/datasources, and mount

    {directory}/provisioning   as /etc/grafana/provisioning
    {directory}/dashboards     as /var/lib/grafana/dashboards

Grafana then has a folder for each source. The alerts in provisioning/alerting need the rules that `argus-otel export
rules` writes, loaded in Prometheus. Omit them if an Alertmanager sends alerts: else each one arrives twice.""",
    "rules": """\
Add them to prometheus.yml, and reload Prometheus:

    rule_files:
      - {directory}/*.yaml

They find processes by their metrics, and the Collector by its job, which has to be called `collector`. The runbooks
explain each alert; {directory}/runbooks/README.md explains how to send them, with an Alertmanager or Grafana.
{directory}/alertmanager/alertmanager.yaml is an example that sends them to a channel of Discord.""",
    "collector": """\
Create the tables, then start a Collector of version 0.151 or newer (README.md says which, and lists the variables):

    ARGUS_HISTORY_STORE=clickhouse://argus:…@127.0.0.1:8123/argus argus-otel store migrate
    CLICKHOUSE_PASSWORD=… argus-otelcol --config {directory}/single.yaml

Start the program with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317.""",
}

# How an alert names its section of a source's runbooks.
_RUNBOOK = re.compile(r"\brunbook: docs/runbooks/([\w-]+)\.md#")


class _RefusedError(Exception):
    """Nothing was written. The message says why, and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "kind",
        choices=_KINDS,
        metavar="dashboards|rules|collector",
        help="dashboards and provisioning for Grafana; recording rules, alerts and their runbooks for Prometheus; or "
        "configurations of the OpenTelemetry Collector",
    )
    parser.add_argument(
        "directory", metavar="DIR", type=Path, help="the directory to write to; it is created if missing"
    )
    parser.add_argument(
        "--source",
        metavar="NAME",
        action="append",
        default=[],
        help="export the dashboards or rules of this source only, besides those on argus-otel itself; may be given "
        "several times (default: all installed sources)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite files of these names that were changed")
    parser.add_argument(
        "--runbooks",
        metavar="URL",
        type=_url,
        help="the URL of your copy of the directory runbooks: adds a runbook_url to each alert, such as "
        "URL/argus.md#hookerrors (rules, and Grafana's alerts). If it contains {source}, as in "
        "https://wiki.example.com/runbooks-{source}, it is the URL of one source's page",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the files; return 0, 1 if they could not be written, or 2 if the arguments contradict each other."""
    kind, directory = arguments.kind, arguments.directory
    if kind == assets.COLLECTOR:
        for option, given in (("--runbooks", arguments.runbooks), ("--source", arguments.source)):
            if given:
                print(f"argus-otel export: {option} is for {_FOR[option]}", file=sys.stderr)
                return 2
    try:
        files = _files(kind, arguments.source, arguments.runbooks)
        written = _write(files, directory, force=arguments.force)
    except _RefusedError as error:
        print(f"argus-otel export: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"argus-otel export: {error.filename}: {error.strerror}; name a directory that can be written to",
            file=sys.stderr,
        )
        return 1
    for name in files:
        print(directory / name if name in written else f"{directory / name} (as it was)")
    print(f"\n{_NEXT[kind].format(directory=directory.absolute())}")
    return 0


_FOR = {
    "--runbooks": "alerts, and the collector's configurations have none",
    "--source": "dashboards and rules, and the collector's configurations are the same for every source",
}


def _url(text: str) -> str:
    if not re.match(r"https?://[^\s#]+#?$", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL like https://wiki.example.com/runbooks")
    return text.rstrip("#")


def _files(kind: str, sources: Sequence[str], runbooks: str | None) -> dict[str, bytes]:
    """Return the files to write: the contents, by the path below the directory."""
    own = assets.directory(assets.OWN_ASSETS)
    files = {} if own is None else assets.of_all(own, kind)
    if own is None or not files:
        raise _RefusedError(f"this installation has no {kind}: install argus-otel's wheel, or run it in its repository")
    if kind != assets.COLLECTOR:
        files.update(assets.of_source(assets.OWN, own, kind))
        for name in sources or installed().specs:
            found = _of_source(name, kind)
            if isinstance(found, dict):
                files.update(found)
            elif sources:
                raise _RefusedError(found)
            else:
                print(f"argus-otel export: {found}; only the other sources are exported", file=sys.stderr)
    if runbooks:
        page = runbooks if "{source}" in runbooks else f"{runbooks.rstrip('/')}/{{source}}.md"
        files = {
            name: _linked(text.decode(), page).encode() if name.endswith(".yaml") else text
            for name, text in files.items()
        }
    return files


def _of_source(name: str, kind: str) -> dict[str, bytes] | str:
    """Return the files of a source, or why there are none to be had."""
    found = installed()
    if name not in found.specs:
        for problem in found.problems:
            if problem.name == name:
                return f"the source {name!r} is installed and cannot be used: {problem.detail}"
        return f"there is no source {name!r}; installed are {', '.join(found.specs) or 'none'}"
    reference = found.specs[name].assets
    if reference is None:
        return {}
    try:
        root = assets.directory(reference)
    except ImportError as error:
        return f"the assets of the source {name!r} should be in {reference}: {error}"
    if root is None:
        return f"the assets of the source {name!r} should be in {reference}, and there is no such directory"
    return assets.of_source(name, root, kind)


def _linked(text: str, page: str) -> str:
    """Give each alert the URL of its section, for the path of it in this repository."""
    return _RUNBOOK.sub(lambda found: f"runbook_url: {page.replace('{source}', found[1])}#", text)


def _write(files: Mapping[str, bytes], directory: Path, *, force: bool) -> set[str]:
    """Write the files that are missing or, with ``force``, different; return their names."""
    if directory.exists() and not directory.is_dir():
        raise _RefusedError(f"{directory} is a file: name a directory")
    there = {name: (directory / name).read_bytes() for name in files if (directory / name).exists()}
    changed = [str(directory / name) for name, text in there.items() if text != files[name]]
    if changed and not force:
        raise _RefusedError(
            f"{len(changed)} of these files {'is' if len(changed) == 1 else 'are'} there and different, and nothing "
            f"was written: {', '.join(changed)}. Write to another directory and compare, or give --force to lose "
            "the changes"
        )
    written = {name for name, text in files.items() if there.get(name) != text}
    for name in sorted(written):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])
    return written
