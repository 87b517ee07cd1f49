from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from argus_otel import __version__
from argus_otel.cli import main
from argus_otel.cli.doctor import loading
from argus_otel.cli.doctor.loading import look_at_loading
from argus_otel.cli.doctor.packages import _in_step
from argus_otel.cli.doctor.report import as_json, as_text
from argus_otel.cli.doctor.sources import check_by_sources, look_at_sources
from argus_otel.discovery import Installed, Problem, installed
from argus_otel.settings import Settings
from argus_otel.sources.discord.cli import doctor as discord_checks
from argus_otel.sources.spec import SourceSpec
from argus_otel.terminal import probes
from argus_otel.terminal.findings import Finding, Look, Status

from .conftest import Listener, Run, http_answer

Doctor = Callable[..., "tuple[int, dict[str, dict[str, str]]]"]


@pytest.fixture
def doctor(python: Run, environment: dict[str, str], free_port: int, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Run ``argus-otel doctor --json``; returns the exit code, and the findings by name.

    In a process of its own where ``PYTHONPATH`` is among the variables, and else, sooner done, in this one.
    """

    def run(*words: str, **variables: str) -> tuple[int, dict[str, dict[str, str]]]:
        variables = {"ARGUS_ENDPOINT_PORT": str(free_port), **variables}
        if "PYTHONPATH" in variables:
            done = python("-m", "argus_otel", "doctor", "--json", *words, **variables)
            code, shown, complaint = done.returncode, done.stdout, done.stderr
        else:
            with monkeypatch.context() as patch, redirect_stdout(StringIO()) as output:
                patch.setattr("os.environ", {**environment, **variables})
                code, complaint = main(["doctor", "--json", *words]), ""
            shown = output.getvalue()
        assert shown, complaint
        document: dict[str, Any] = json.loads(shown)
        findings: list[dict[str, str]] = document["findings"]
        failed = sum(finding["status"] == "fail" for finding in findings)
        assert document["version"] == __version__
        assert document["counts"]["fail"] == failed
        assert code == (1 if failed else 0), complaint
        for finding in findings:
            assert set(finding) == {"group", "name", "status", "detail", "remedy"}
        return code, {f"{f['group']}: {f['name']}": f for f in findings}

    return run


def failures(findings: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: finding["detail"] for name, finding in findings.items() if finding["status"] == "fail"}


def test_a_healthy_installation(doctor: Doctor, free_port: int) -> None:
    code, findings = doctor()
    assert failures(findings) == {}
    assert code == 0
    assert (
        findings["Endpoint: endpoint"]["detail"] == f"http://127.0.0.1:{free_port} is free: no program serves there yet"
    )
    assert findings["Packages: argus-otel"]["detail"] == __version__
    for package in ("opentelemetry-sdk", "wrapt", "prometheus-client", "OpenTelemetry"):
        assert findings[f"Packages: {package}"]["status"] == "ok"
    assert findings["discord.py: import"]["status"] == "ok"
    assert findings["Loading: instrumentor discord"]["status"] == "ok"
    assert findings["Settings: endpoint_port"]["detail"] == f"{free_port} (ARGUS_ENDPOINT_PORT)"
    assert findings["Settings: service_name"]["detail"] == "the name of the script (default)"
    assert findings["OTLP: endpoint"]["status"] == "info"


def test_a_python_without_a_gil_is_warned_of(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Packages: counters" not in doctor()[1]
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    _, findings = doctor()
    assert findings["Packages: counters"]["status"] == "warn"
    assert "PYTHON_GIL=1" in findings["Packages: counters"]["detail"]


def test_text(argus: Run) -> None:
    told = argus("doctor", "--no-network", ARGUS_ENDPOINT_PORT="many")
    assert told.returncode == 1
    assert told.stdout.startswith(f"argus-otel {__version__}\n\nPackages\n  ok    python ")
    assert "  FAIL  ARGUS_ENDPOINT_PORT             is 'many', but it has to be a port" in told.stdout
    assert "fix: set ARGUS_ENDPOINT_PORT to a valid value, or unset it" in told.stdout
    assert told.stdout.splitlines()[-1].endswith(", 1 failed")
    assert "\033" not in told.stdout
    assert "Endpoint" not in told.stdout


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_colours_are_for_terminals(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, no_color: str, coloured: bool
) -> None:
    output = StringIO()
    monkeypatch.setattr(output, "isatty", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr("argus_otel.cli.doctor.examine", lambda *_, **__: [Finding("One", "a", Status.OK, "fine")])
    with redirect_stdout(output):
        assert main(["doctor"]) == 0
    assert ("\033[32mok" in output.getvalue()) is coloured


def test_text_and_json_of_findings() -> None:
    findings = [
        Finding("One", "first", Status.OK, "fine"),
        Finding("One", "the second", Status.FAIL, "broken", "mend it"),
        Finding("Two", "third", Status.WARN, "odd"),
    ]
    assert as_text(findings, colours=False) == (
        f"argus-otel {__version__}\n"
        "\nOne\n  ok    first       fine\n  FAIL  the second  broken\n                    fix: mend it\n"
        "\nTwo\n  WARN  third  odd\n"
        "\n1 ok, 1 to look at, 1 failed"
    )
    assert "\033[31mFAIL\033[0m" in as_text(findings, colours=True)
    document = json.loads(as_json(findings))
    assert document["counts"] == {"ok": 1, "info": 0, "warn": 1, "fail": 1}
    assert document["findings"][1]["remedy"] == "mend it"


# -- settings


def test_what_is_wrong_in_the_settings(doctor: Doctor) -> None:
    code, findings = doctor(
        "--no-network",
        ARGUS_SHUTDOWN_TIMEOUT="soon",
        OTEL_TRACES_EXPORTER="zipkin",
        OTEL_EXPORTER_OTLP_PROTOCOL="morse",
        OTEL_LOGS_EXPORTER="otlp",
        ARGUS_ENDPOINT_PROT="9500",
        ARGUS_EYES="100",
    )
    assert code == 1
    wrong = failures(findings)
    assert set(wrong) == {
        "Settings: ARGUS_SHUTDOWN_TIMEOUT",
        "Settings: OTEL_EXPORTER_OTLP_PROTOCOL",
        "Settings: exporter zipkin of traces",
    }
    assert "'soon'" in wrong["Settings: ARGUS_SHUTDOWN_TIMEOUT"]
    assert "a number of seconds" in wrong["Settings: ARGUS_SHUTDOWN_TIMEOUT"]
    assert "otlp_proto_grpc" in wrong["Settings: exporter zipkin of traces"]
    misspelt = findings["Settings: ARGUS_ENDPOINT_PROT"]
    assert (misspelt["status"], misspelt["remedy"]) == ("warn", "did you mean ARGUS_ENDPOINT_PORT?")
    assert "Settings: ARGUS_EYES" not in findings


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_no_secret_is_shown(doctor: Doctor, free_port: int, protocol: str) -> None:
    _, findings = doctor(
        ARGUS_ENDPOINT_TOKEN="hunter2",
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://me:hunter2@127.0.0.1:{free_port}",
        OTEL_EXPORTER_OTLP_HEADERS="authorization=hunter2",
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
    )
    assert findings["Settings: endpoint_token"]["detail"] == "(set) (ARGUS_ENDPOINT_TOKEN)"
    assert any(name.startswith(f"OTLP: {protocol} ") for name in failures(findings))
    assert "hunter2" not in json.dumps(findings)


def test_allowed_hosts_are_shown_and_what_is_none_is_named(doctor: Doctor) -> None:
    _, findings = doctor(ARGUS_ENDPOINT_ALLOWED_HOSTS="bot,bot.internal")
    detail = findings["Settings: endpoint_allowed_hosts"]["detail"]
    assert detail == "bot,bot.internal (ARGUS_ENDPOINT_ALLOWED_HOSTS)"
    _, findings = doctor(ARGUS_ENDPOINT_ALLOWED_HOSTS="http://bot:9464")
    assert "without scheme, port or wildcard" in failures(findings)["Settings: ARGUS_ENDPOINT_ALLOWED_HOSTS"]


def test_disabled_and_declarative(doctor: Doctor) -> None:
    _, findings = doctor(OTEL_SDK_DISABLED="true", OTEL_CONFIG_FILE="nowhere.yaml")
    assert findings["Loading: disabled"]["status"] == "warn"
    assert failures(findings) == {"Settings: OTEL_CONFIG_FILE": "there is no file 'nowhere.yaml'"}
    assert "Endpoint: endpoint" not in findings


# -- packages


OTHER_DISTRO = (
    "[opentelemetry_distro]\nother = other:Distro\n\n"
    "[opentelemetry_configurator]\nother = other:Configurator\n\n"
    "[opentelemetry_instrumentor]\nother = other:Instrumentor\n"
)


def test_another_distro(doctor: Doctor, distribution: Callable[..., str]) -> None:
    path = distribution("opentelemetry-distro", "0.99b0", OTHER_DISTRO)
    code, findings = doctor("--no-network", PYTHONPATH=path)
    assert code == 0
    for kind in ("distro", "configurator"):
        finding = findings[f"Loading: {kind}"]
        assert finding["status"] == "warn"
        assert "other (opentelemetry-distro 0.99b0)" in finding["detail"]
        assert "here other" in finding["detail"]  # its directory comes first
        assert "OTEL_PYTHON_DISTRO=argus" in finding["remedy"]
        assert "argus-otel run" in finding["remedy"]
    assert findings["Packages: OpenTelemetry"]["status"] == "warn"  # of another release than the rest
    chosen = {"OTEL_PYTHON_DISTRO": "argus", "OTEL_PYTHON_CONFIGURATOR": "other"}
    _, findings = doctor("--no-network", PYTHONPATH=path, **chosen)
    assert findings["Loading: distro"]["status"] == "ok"
    assert "leaves the SDK to that" in findings["Loading: configurator"]["detail"]


def test_a_distro_that_does_not_exist(doctor: Doctor) -> None:
    _, findings = doctor("--no-network", OTEL_PYTHON_DISTRO="agrus", OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="discord")
    assert set(failures(findings)) == {"Loading: distro"}
    assert findings["Loading: instrumentor discord"]["status"] == "warn"


def test_libraries_in_each_others_way(doctor: Doctor, distribution: Callable[..., str], tmp_path: Path) -> None:
    pytest.importorskip("discord")
    (tmp_path / "discord.py").write_text("raise RuntimeError('this is the bot itself')\n")
    distribution("nextcord", "3.0")
    path = distribution("py-cord", "2.6.1")
    code, findings = doctor("--no-network", PYTHONPATH=path)
    assert code == 1
    wrong = failures(findings)
    assert "both write the package `discord`" in wrong["discord.py: py-cord"]
    assert wrong["discord.py: import"] == "RuntimeError: this is the bot itself"
    assert findings["discord.py: nextcord"]["status"] == "info"
    assert findings["discord.py: name"]["remedy"] == "rename it"


def test_a_library_that_is_too_old(doctor: Doctor, distribution: Callable[..., str]) -> None:
    _, findings = doctor("--no-network", PYTHONPATH=distribution("discord.py", "1.7.3"))
    wrong = failures(findings)
    assert set(wrong) == {"discord.py: discord.py"}
    # What checks need is installed, too, and so the loader loads the instrumentors of both.
    assert findings["Loading: instrumentor discord"]["status"] == "ok"
    assert findings["discord.py: discord.py"]["remedy"] == "pip install 'discord.py<3,>=2.4'"


def test_a_package_that_is_too_old_or_missing(python: Run, distribution: Callable[..., str]) -> None:
    source = (
        "import sys; sys.modules['opentelemetry.instrumentation.dependencies'] = None\n"
        "from argus_otel.cli import main; sys.exit(main(['doctor', '--no-network']))"
    )
    told = python("-c", source, PYTHONPATH=distribution("wrapt", "0.9"))
    assert told.returncode == 1
    assert "0.9; argus-otel needs <3,>=1.16" in told.stdout
    assert "fix: pip install 'wrapt<3,>=1.16'" in told.stdout
    assert "cannot be checked" in told.stdout
    assert "Traceback" not in told.stderr


def test_releases_of_opentelemetry() -> None:
    together = {"opentelemetry-api": "1.45.2", "opentelemetry-sdk": "1.45.1", "opentelemetry-distro": "0.66b2"}
    assert [finding.status for finding in _in_step(together)] == [Status.OK]
    (finding,) = _in_step({**together, "opentelemetry-proto": "1.44.0"})
    assert finding.status is Status.WARN
    assert finding.detail.endswith(": opentelemetry-proto 1.44.0")


# -- sources


def look(**variables: str) -> Look:
    return Look({}, Settings.resolve(variables), network=False, status={})


def with_queue(**fields: object) -> Installed:
    """The installed sources, and one more."""
    known = installed()
    spec = SourceSpec("queue", api=1, title="a queue", factory="a:b", catalogue="a:b", **fields)  # type: ignore[arg-type]
    return Installed({**known.specs, "queue": spec}, known.problems)


def test_installed_sources_are_told(doctor: Doctor) -> None:
    _, findings = doctor("--no-network")
    for name, title in (("discord", "discord.py"), ("process", "the process"), ("system", "context switches")):
        finding = findings[f"Sources: {name}"]
        assert finding["status"] == "ok"
        assert finding["detail"].startswith(title)
        assert f"(argus-otel {__version__})" in finding["detail"]
    assert "discord.py 2." in findings["Sources: discord"]["detail"]


def test_a_source_that_is_off_is_told_and_not_checked(doctor: Doctor) -> None:
    _, findings = doctor("--no-network", OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="discord")
    off = findings["Sources: discord"]
    assert (off["status"], off["detail"].partition(": ")[2]) == ("info", "off by OTEL_PYTHON_DISABLED_INSTRUMENTATIONS")
    assert not [name for name in findings if name.startswith("discord.py: ")]
    assert findings["Sources: process"]["status"] == "ok"


def test_a_source_that_cannot_be_used_is_a_failure_with_its_reason(
    doctor: Doctor, distribution: Callable[..., str]
) -> None:
    entry_points = "[argus_otel_source]\nqueue = queue_source:SPEC\n"
    path = distribution("queue-argus", "1.0", entry_points, queue_source="raise RuntimeError('no queue here')")
    code, findings = doctor("--no-network", PYTHONPATH=path)
    assert code == 1
    assert failures(findings) == {"Sources: queue": "queue_source:SPEC cannot be loaded: RuntimeError: no queue here"}
    assert findings["Sources: discord"]["status"] == "ok"
    assert findings["discord.py: hooks"]["status"] == "ok"


@pytest.mark.parametrize(
    ("libraries", "status", "detail"),
    [
        (("a-queue-of-nobodys>=1",), "info", "inactive, since none of its libraries is here: a-queue-of-nobodys>=1"),
        (("a-queue-of-nobodys>=1", "rich>=13"), "ok", "rich "),
        (("rich>=999",), "warn", ", not >=999"),
    ],
)
def test_the_libraries_of_a_source(libraries: tuple[str, ...], status: str, detail: str) -> None:
    found = {f.name: f for f in look_at_sources(with_queue(libraries=libraries), Settings.resolve({}))}
    assert found["queue"].status.value == status
    assert detail in found["queue"].detail
    assert "libraries" not in found  # discord.py is here


def test_a_source_that_is_named_like_a_command_is_warned_of() -> None:
    spec = SourceSpec("store", api=1, title="a store", factory="a:b", catalogue="a:b", commands="a:b")
    found = {f.name: f for f in look_at_sources(Installed({"store": spec}, ()), Settings.resolve({}))}
    assert found["store: commands"].status is Status.WARN
    assert "`argus-otel store` is a command of argus-otel itself" in found["store: commands"].detail


def test_nothing_to_observe_is_a_failure() -> None:
    known = Installed({"queue": with_queue(libraries=("a-queue-of-nobodys>=1",)).specs["queue"]}, ())
    found = {f.name: f for f in look_at_sources(known, Settings.resolve({}))}
    assert found["libraries"].status is Status.FAIL
    assert "pip install one of a-queue-of-nobodys>=1" in found["libraries"].remedy
    known = Installed(
        {**known.specs, "other": SourceSpec("other", api=1, title="x", factory="a:b", catalogue="a:b")}, ()
    )
    assert "libraries" not in {f.name for f in look_at_sources(known, Settings.resolve({}))}  # it needs no library
    broken = Installed({}, (Problem("queue", "it is broken"),))
    (finding,) = look_at_sources(broken, Settings.resolve({}))
    assert (finding.name, finding.status, finding.detail) == ("queue", Status.FAIL, "it is broken")


def test_an_instrumentor_without_its_library_is_no_failure_beside_a_source_that_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "get_dist_dependency_conflicts", lambda _: "its library is missing")
    missing = SourceSpec(
        "discord", api=1, title="x", factory="a:b", catalogue="a:b", libraries=("a-library-of-nobodys>=1",)
    )
    other = SourceSpec("other", api=1, title="x", factory="a:b", catalogue="a:b")
    companion = SourceSpec("more", api=1, title="x", factory="a:b", catalogue="a:b", activates="with_others")
    for specs, status in (
        ({"discord": missing, "more": companion}, Status.FAIL),
        ({"discord": missing, "other": other}, Status.INFO),
    ):
        findings = look_at_loading(Installed(specs, ()), Settings.resolve({}), {})
        (finding,) = (finding for finding in findings if finding.name == "instrumentor discord")
        assert (finding.status, "does not load" in finding.detail) == (status, True)


def test_a_source_adds_checks_and_a_broken_one_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fine(seen: Look) -> list[Finding]:
        return [Finding("Queue", "depth", Status.OK, str(seen.settings.endpoint_port))]

    def broken(_: Look) -> list[Finding]:
        raise LookupError("no queue")

    monkeypatch.setitem(sys.modules, "queue_checks", SimpleNamespace(CHECKS=(broken, fine)))
    only = {"queue": with_queue(doctor="queue_checks:CHECKS").specs["queue"]}
    found = list(check_by_sources(Installed(only, ()), look(ARGUS_ENDPOINT_PORT="9500")))
    assert Finding("Queue", "depth", Status.OK, "9500") in found
    (failed,) = (finding for finding in found if finding.status is Status.FAIL)
    assert (failed.group, failed.name) == ("Sources", "queue")
    assert "LookupError: no queue" in failed.detail
    absent = {"queue": with_queue(doctor="nowhere_at_all:CHECKS").specs["queue"]}
    (failed,) = check_by_sources(Installed(absent, ()), look())
    assert "nowhere_at_all" in failed.detail


def test_the_extra_by_which_the_loader_judges_lists_every_sources_libraries() -> None:
    def told(sources: Installed) -> list[tuple[Status, str]]:
        findings = look_at_loading(sources, Settings.resolve({}), {})
        return [(finding.status, finding.detail) for finding in findings if finding.name == "instruments-any"]

    known = installed()
    assert told(known) == [(Status.OK, "argus-otel lists the libraries of all its sources")]
    more = SourceSpec(
        "process", api=1, title="x", factory="a:b", catalogue="a:b", libraries=("langgraph>=1", "rich>=13")
    )
    ((status, detail),) = told(Installed({**known.specs, "process": more}, ()))
    assert status is Status.WARN
    assert detail.startswith("argus-otel lacks langgraph>=1, rich>=13: ")  # rich is in other extras only


# -- hooks


def test_hooks_that_cannot_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"version": "2.7", "file": "discord/__init__.py", "hooks": {"gateway": None, "views": "View is gone"}}
    monkeypatch.setattr(discord_checks, "_PROBE", f"print('a library talks'); print({json.dumps(found)!r})")
    told = [(finding.name, finding.status.value, finding.detail) for finding in discord_checks._hooks(look())]
    assert told == [
        ("import", "ok", "2.7 from discord/__init__.py"),
        ("hooks", "warn", "1 of 2 patch targets exist"),
        ("hook views", "warn", "View is gone"),
    ]


def test_a_library_that_never_ends_its_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord_checks, "_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(probes, "_TIMEOUT", 0.2)
    (finding,) = discord_checks._hooks(look())
    assert finding.status is Status.FAIL


# -- one of the network's: the rest is in test_doctor_network.py


def test_a_port_that_is_taken(doctor: Doctor, listen: Callable[..., Listener]) -> None:
    other = listen(http_answer("200 OK", "hello", "Server: other/1.0"))
    code, findings = doctor(ARGUS_ENDPOINT_PORT=str(other.port))
    assert code == 1
    assert failures(findings) == {
        "Endpoint: endpoint": f"http://127.0.0.1:{other.port} is taken by something else: other/1.0 answers /healthz "
        "with 200"
    }
    assert "ARGUS_ENDPOINT_PORT" in findings["Endpoint: endpoint"]["remedy"]
