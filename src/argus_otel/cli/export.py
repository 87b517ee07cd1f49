"""``argus-otel export``: writes what the wheel carries for the programs beside a bot.

Dashboards for Grafana, rules for Prometheus and configs for the Collector are files of the repository, which the wheel
has in ``argus_otel/shipped``, to the byte. What is written is theirs to edit: nothing that was changed is written over.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from pathlib import Path

_PACKAGED = Path(__file__).parents[1] / "shipped"
_REPOSITORY = Path(__file__).parents[3]

# Of each kind: where its files are written, by where they are in the repository.
_KINDS: Mapping[str, Mapping[str, str]] = {
    "dashboards": {"grafana/dashboards/*.json": "dashboards", "grafana/provisioning/*/*.yaml": "provisioning"},
    "rules": {"prometheus/rules/*.yaml": "", "docs/runbooks.md": ""},
    "collector": {"collector-config/*": ""},
}

_NEXT = {
    "dashboards": """\
Into a Grafana that runs: Dashboards, New, Import, and each file of {directory}/dashboards.
The data sources are chosen at the top of each dashboard.

By provisioning: look at the addresses and ClickHouse's user in {directory}/provisioning/datasources, and mount

    {directory}/provisioning   as /etc/grafana/provisioning
    {directory}/dashboards     as /var/lib/grafana/dashboards

The alerts in provisioning/alerting need what `argus-otel export rules` writes, loaded in Prometheus. Leave them out
where an Alertmanager has those rules: each page would come twice.""",
    "rules": """\
Name them in prometheus.yml, and reload Prometheus:

    rule_files:
      - {directory}/*.yaml

They find bots by themselves, and the Collector by its job, which has to be called `collector`. runbooks.md tells what
to do about each alert, and who is to send them: an Alertmanager or Grafana.""",
    "collector": """\
Make the tables, and then start a Collector of version 0.151 or newer (README.md tells which, and what may be set):

    ARGUS_HISTORY_STORE=clickhouse://argus:…@127.0.0.1:8123/argus argus-otel store migrate
    CLICKHOUSE_PASSWORD=… argus-otelcol --config {directory}/single.yaml

and the bot with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317.""",
}

# As alerts name a section of docs/runbooks.md.
_RUNBOOK = re.compile(r"\brunbook: docs/runbooks\.md#")


class _RefusedError(Exception):
    """Nothing was written. The message says why, and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "kind",
        choices=tuple(_KINDS),
        metavar="dashboards|rules|collector",
        help="dashboards and provisioning for Grafana; recording rules, alerts and their runbooks for Prometheus; or "
        "configs for the OpenTelemetry Collector",
    )
    parser.add_argument("directory", metavar="DIR", type=Path, help="where to write them; it is made if need be")
    parser.add_argument("--force", action="store_true", help="write over files of these names that were changed")
    parser.add_argument(
        "--runbooks",
        metavar="URL",
        type=_url,
        help="where you have put runbooks.md: each alert then has its runbook_url (rules, and Grafana's alerts)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the files; return 0, 1 where they could not be written, and 2 for what does not go together."""
    kind, directory = arguments.kind, arguments.directory
    if arguments.runbooks and kind == "collector":
        print("argus-otel export: --runbooks is for alerts, of which collector has none", file=sys.stderr)
        return 2
    try:
        files = _files(kind, arguments.runbooks)
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


def _url(text: str) -> str:
    if not re.match(r"https?://[^\s#]+#?$", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL like https://wiki.example.com/runbooks.md")
    return text.rstrip("#")


def _files(kind: str, runbooks: str | None) -> dict[str, bytes]:
    """Return what is to be written: the contents, by the path below the directory."""
    root = _PACKAGED if _PACKAGED.exists() else _REPOSITORY
    files: dict[str, bytes] = {}
    for pattern, place in _KINDS[kind].items():
        for path in sorted(root.glob(pattern)):
            # What comes of a star is kept, and so the directory that the first of two stands for.
            kept = path.relative_to(root).parts[-max(1, pattern.count("*")) :]
            files[Path(place, *kept).as_posix()] = path.read_bytes()
    if not files:
        raise _RefusedError(f"this installation has no {kind}: install argus-otel's wheel, or run it in its repository")
    if runbooks:
        link = f"runbook_url: {runbooks}#"
        files = {
            name: _RUNBOOK.sub(link, text.decode()).encode() if name.endswith(".yaml") else text
            for name, text in files.items()
        }
    return files


def _write(files: Mapping[str, bytes], directory: Path, *, force: bool) -> set[str]:
    """Write what is not there yet, or all of it; return what was written."""
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
