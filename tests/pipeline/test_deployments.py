"""compose.yaml, the manifests for Kubernetes and the units for systemd, as far as no daemon is needed to judge them."""

from __future__ import annotations

import configparser
import json
import re
from typing import Any

import pytest
import yaml
from tools import collector as built
from tools.collector import ROOT

import argus_otel

from .test_configs import variables

KUBERNETES = ROOT / "examples" / "kubernetes"
SYSTEMD = ROOT / "examples" / "systemd"
SECRET = re.compile("PASSWORD|TOKEN|KEY", re.IGNORECASE)
# A version to the patch, and never `latest`.
PINNED = re.compile(r"^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)+$")


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def services() -> dict[str, dict[str, Any]]:
    return compose()["services"]


def manifests() -> list[dict[str, Any]]:
    paths = sorted(path for path in KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml")
    return [one for path in paths for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def containers() -> list[dict[str, Any]]:
    pods = [one["spec"]["template"]["spec"] for one in manifests() if "template" in one.get("spec", {})]
    return [container for pod in pods for container in (*pod.get("initContainers", []), *pod["containers"])]


# -- Compose


def test_the_compose_specification_has_it_so():
    compose_spec = pytest.importorskip("compose_spec", reason="needs pip install compose-spec")
    text = re.sub(r"\$\{[A-Z_]+:?[-?]?([^}]*)\}", "value", (ROOT / "compose.yaml").read_text(encoding="utf-8"))
    merged = yaml.safe_dump(yaml.safe_load(text))
    checked = compose_spec.PyCompose.from_yaml(merged)
    checked.validate()
    assert set(checked.service_names()) == set(services())


@pytest.mark.parametrize("name", list(services()))
def test_each_service_is_pinned_watched_and_reached_from_this_machine_only(name: str):
    service = services()[name]
    assert PINNED.match(service["image"])
    if name != "migrate":  # which ends
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")
    for needed, how in service.get("depends_on", {}).items():
        assert needed in services()
        assert how["condition"] in ("service_healthy", "service_completed_successfully")
    for volume in service.get("volumes", []):
        source = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", volume).split(":")[0]
        assert (ROOT / source).exists() if source.startswith(".") else source in compose()["volumes"]


def test_the_collector_starts_after_the_schema():
    assert services()["collector"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services()["migrate"]["command"] == ["clickhouse", "migrate"]


def test_no_password_has_a_default():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    asked = re.findall(r"\$\{([A-Z_]+)(:?[-?])([^}]*)\}", text)
    assert {name for name, how, _ in asked if how == ":?"} == {"CLICKHOUSE_PASSWORD", "GRAFANA_PASSWORD"}
    for name, how, value in asked:
        if SECRET.search(name):
            assert how == ":?" or not value
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name):
                assert re.fullmatch(r"\$\{[A-Z_]+:(\?.*|-)\}", value)


def test_what_may_be_set_is_in_the_example():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    told = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert set(told) == set(re.findall(r"\$\{([A-Z_]+)", text))
    assert not [name for name, value in told.items() if SECRET.search(name) and value]


def test_versions_are_those_of_the_project():
    version = argus_otel.__version__
    images = {service["image"] for service in services().values()} | {one["image"] for one in containers()}
    assert {image for image in images if "argus-otel:" in image} == {
        f"argus-otel:{version}",
        f"registry.example.com/argus-otel:{version}",
    }
    assert {image.split(":")[1] for image in images if "otelcol" in image or "opentelemetry" in image} == {
        built.release()
    }
    assert {image for image in images if "clickhouse" in image} == {services()["clickhouse"]["image"]}
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"FROM otel/opentelemetry-collector-contrib:{built.release()} AS release" in dockerfile
    for image in re.findall(r"^FROM (\S+) AS", dockerfile, re.MULTILINE):
        assert re.search(r":\d", image)


def test_the_dockerfile_copies_what_is_there_and_builds_what_compose_asks_for():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists()
            kept = (ROOT / ".dockerignore").read_text(encoding="utf-8")
            assert f"!{source}" in kept.splitlines()
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", dockerfile, re.MULTILINE))
    assert {one["build"]["target"] for one in services().values() if "build" in one} <= stages
    assert dockerfile.count("\nUSER ") == 2  # neither image runs as root


def test_what_the_collector_is_told_is_what_its_config_asks_for():
    known = variables("single.yaml")
    told = set(services()["collector"]["environment"])
    (container,) = (one for one in containers() if one["name"] == "collector")
    told |= {one["name"] for one in container["env"]}
    for unit in (SYSTEMD / "argus-otelcol.service",):
        told |= set(re.findall(r"^Environment=([A-Z_]+)=", unit.read_text(encoding="utf-8"), re.MULTILINE))
    assert told <= known


def test_grafana_is_provisioned_with_what_compose_runs():
    provisioning = ROOT / "grafana" / "provisioning"
    sources = yaml.safe_load((provisioning / "datasources" / "argus-otel.yaml").read_text(encoding="utf-8"))[
        "datasources"
    ]
    prometheus, clickhouse = sources
    assert prometheus["url"] == "http://prometheus:9090"
    assert (clickhouse["jsonData"]["host"], clickhouse["jsonData"]["port"]) == ("clickhouse", 8123)
    assert clickhouse["secureJsonData"] == {"password": "$CLICKHOUSE_PASSWORD"}
    assert "CLICKHOUSE_PASSWORD" in services()["grafana"]["environment"]
    assert clickhouse["type"] in services()["grafana"]["environment"]["GF_PLUGINS_PREINSTALL"]
    (link,) = prometheus["jsonData"]["exemplarTraceIdDestinations"]
    # Exemplars have their trace's id in this label, and the dashboard has a variable of that name.
    assert (link["name"], link["url"]) == ("trace_id", "/d/argus-traces?var-trace=$${__value.raw}")
    dashboard = json.loads((ROOT / "grafana" / "dashboards" / "argus-traces.json").read_text(encoding="utf-8"))
    assert "trace" in [variable["name"] for variable in dashboard["templating"]["list"]]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "argus-otel.yaml").read_text())["providers"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in services()["grafana"]["volumes"]


# -- Kubernetes


def test_kubernetes_knows_the_manifests():
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="needs pip install kubernetes-validate")
    for manifest in manifests():
        kubernetes_validate.validate(manifest, "1.34", strict=True)


def test_the_kustomization_has_all_manifests():
    listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    assert set(listed) | {"kustomization.yaml"} == {path.name for path in KUBERNETES.glob("*.yaml")}


@pytest.mark.parametrize("container", containers(), ids=lambda container: container["name"])
def test_each_container_is_pinned_limited_probed_and_has_no_secret_in_it(container: dict[str, Any]):
    assert PINNED.match(container["image"])
    assert container["resources"]["limits"]["memory"]
    if container["name"] != "migrate":
        assert container["livenessProbe"]
        assert container["readinessProbe"]
        names = {port["name"] for port in container["ports"]}
        assert {container[probe]["httpGet"]["port"] for probe in ("livenessProbe", "readinessProbe")} <= names
    for one in container["env"]:
        if SECRET.search(one["name"]):
            assert one["valueFrom"]["secretKeyRef"]


def test_services_and_mounts_find_what_they_name():
    pods = {
        one["metadata"]["name"]: one["spec"]["template"] for one in manifests() if "template" in one.get("spec", {})
    }
    for one in manifests():
        spec = one.get("spec", {})
        if one["kind"] == "Service":
            template = pods[one["metadata"]["name"]]
            assert spec["selector"].items() <= template["metadata"]["labels"].items()
            named = {port["name"] for c in template["spec"]["containers"] for port in c["ports"]}
            assert {port["targetPort"] for port in spec["ports"]} <= named
        if one["kind"] == "StatefulSet":
            claimed = {claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]}
            volumes = {volume["name"] for volume in spec["template"]["spec"].get("volumes", [])} | claimed
            mounts = {mount["name"] for c in spec["template"]["spec"]["containers"] for mount in c["volumeMounts"]}
            assert mounts == volumes


# -- systemd


@pytest.mark.parametrize("unit", sorted(path.name for path in SYSTEMD.glob("*.service")))
def test_units_start_again_keep_their_state_and_have_no_secret_in_them(unit: str):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    text = (SYSTEMD / unit).read_text(encoding="utf-8")
    parser.read_string(text)
    assert set(parser.sections()) == {"Unit", "Service", "Install"}
    service = parser["Service"]
    assert service["Restart"] in ("always", "on-failure")
    assert service["StateDirectory"]
    assert service["EnvironmentFile"]
    assert service["DynamicUser"] == "yes"
    assert not re.search(r"^Environment=.*(PASSWORD|TOKEN|KEY)=\S", text, re.MULTILINE)
