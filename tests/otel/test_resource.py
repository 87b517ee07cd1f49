from __future__ import annotations

import platform
import socket
import sys
import uuid

import pytest

from argus_otel.otel.resource import build
from argus_otel.settings import Settings
from argus_otel.version import __version__


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"):
        monkeypatch.delenv(variable, raising=False)


def test_it_names_the_service_the_distro_and_the_sdk() -> None:
    attributes = build(Settings.resolve({}, {"service_name": "jukebox"})).attributes
    assert attributes["service.name"] == "jukebox"
    assert attributes["telemetry.distro.name"] == "argus-otel"
    assert attributes["telemetry.distro.version"] == __version__
    assert attributes["telemetry.sdk.language"] == "python"
    assert "telemetry.auto.version" not in attributes


def test_it_names_the_loader_where_that_started_us() -> None:
    assert build(Settings.resolve({}), {}, "0.66b1").attributes["telemetry.auto.version"] == "0.66b1"


def test_every_process_is_an_instance_of_its_own() -> None:
    one, two = (str(build(Settings.resolve({})).attributes["service.instance.id"]) for _ in range(2))
    assert one != two
    assert uuid.UUID(one).version == 4


def test_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"OTEL_RESOURCE_ATTRIBUTES": "service.instance.id=one,service.name=juke%20box,team=music"}
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", environ["OTEL_RESOURCE_ATTRIBUTES"])
    attributes = build(Settings.resolve(environ)).attributes
    assert attributes["service.instance.id"] == "one"
    assert attributes["service.name"] == "juke box"
    assert attributes["team"] == "music"


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"OTEL_SERVICE_NAME": "a", "OTEL_RESOURCE_ATTRIBUTES": "service.name=b"}, "a"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=b"}, "b"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=b,service.name=c"}, "c"),
    ],
)
def test_the_services_name_is_the_one_that_opentelemetry_would_find(
    environ: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentelemetry.sdk.resources import Resource

    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    assert Resource.create().attributes["service.name"] == name
    assert build(Settings.resolve(environ)).attributes["service.name"] == name


def test_it_names_python() -> None:
    attributes = build(Settings.resolve({})).attributes
    assert attributes["process.runtime.name"] == sys.implementation.name
    assert attributes["process.runtime.version"] == platform.python_version()


def test_it_names_the_host_unless_the_user_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build(Settings.resolve({})).attributes["host.name"] == socket.gethostname()
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=bots-1")
    assert build(Settings.resolve({})).attributes["host.name"] == "bots-1"


def test_it_has_what_sources_add_beside_what_the_user_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "b=the user's")
    attributes = build(Settings.resolve({}), {"a": "a source's", "service.name": "no"}).attributes
    assert (attributes["a"], attributes["b"]) == ("a source's", "the user's")
    assert attributes["service.name"] != "no"
