"""compose.yaml, the manifests for Kubernetes and the units for systemd, checked without a daemon."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import argus_otel
from argus_otel.scrape.scraper import Scraper
from argus_otel.sources.checks import attributes, catalogue
from argus_otel.sources.checks.executor import ExecutorContext
from argus_otel.sources.checks.executors import installed
from argus_otel.sources.checks.file.checks_file import read
from argus_otel.sources.checks.net.resolver import Resolver
from lab.checks_agent import ChecksAgent
from lab.processes import answers
from tools.backends import PROGRAMS, ROOT

from .test_configs import variables

KUBERNETES = ROOT / "examples" / "kubernetes"
SYSTEMD = ROOT / "examples" / "systemd"
SECRET = re.compile("PASSWORD|TOKEN|KEY", re.IGNORECASE)
# A version to the patch, never `latest`; and a digest, so that the image cannot change.
PINNED = re.compile(r"^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)+(@sha256:[0-9a-f]{64})?$")
OURS = re.compile(r"^(registry\.example\.com/)?(argus-otel|argus-otelcol|my-bot):")
WITHOUT_A_DIGEST = {"grafana/grafana:12.4.4"}  # no two sources agree on one


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


def filled(words: list[str], paths: dict[str, Path]) -> list[str]:
    """Return the arguments of a command with directories of this machine."""
    for there, here in paths.items():
        words = [word.replace(there, str(here)) for word in words]
    return words


# -- Compose


def test_the_compose_specification_has_it_so():
    compose_spec = pytest.importorskip("compose_spec", reason="needs pip install compose-spec")
    text = re.sub(
        r"\$\{[A-Z_]+:([-?])([^}]*)\}",
        lambda found: found[2] if found[1] == "-" and found[2] else "value",  # as Compose does without an .env
        (ROOT / "compose.yaml").read_text(encoding="utf-8"),
    )
    text = re.sub(r":[\w.]+(?=@sha256:)", "", text)  # this library knows a tag or a digest; Compose takes both
    merged = yaml.safe_dump(yaml.safe_load(text))
    checked = compose_spec.PyCompose.from_yaml(merged)
    checked.validate()
    assert set(checked.service_names()) == set(services())


def test_each_image_that_is_not_ours_is_named_by_its_digest():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", dockerfile, re.MULTILINE))
    named = {image for image in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) if image not in stages}
    named |= {service["image"] for service in services().values()} | {one["image"] for one in containers()}
    without = {image for image in named if "@" not in image and not OURS.match(image)}
    assert without == WITHOUT_A_DIGEST
    digests: dict[str, set[str]] = {}
    for image in named - without:
        if "@" in image:
            name, _, digest = image.partition("@")
            digests.setdefault(name, set()).add(digest)
            assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
    assert all(len(one) == 1 for one in digests.values()), digests  # the same wherever it is named


@pytest.mark.parametrize("name", list(services()))
def test_each_service_may_gain_no_privilege_and_has_none(name: str):
    service = services()[name]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert not service.get("privileged")
    assert service.get("network_mode") is None
    assert service.get("user", "101:101") == "101:101"  # ClickHouse; others are who their images say


def test_the_collector_writes_nowhere_but_into_its_queues():
    collector = services()["collector"]
    assert collector["read_only"] is True
    writable = [volume for volume in collector["volumes"] if not volume.endswith(":ro")]
    assert writable == ["queues:/var/lib/argus-otelcol"]
    (container,) = (one for one in containers() if one["name"] == "collector")
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_each_part_is_another_user_of_clickhouse():
    password = "${%s:?see .env.example}"
    parts = {name: service["environment"] for name, service in services().items() if "environment" in service}
    store = "clickhouse://argus:" + password % "CLICKHOUSE_PASSWORD" + "@clickhouse:8123/argus"
    assert parts["migrate"]["ARGUS_HISTORY_STORE"] == store
    assert parts["collector"]["CLICKHOUSE_USER"] == "argus_writer"
    assert parts["collector"]["CLICKHOUSE_PASSWORD"] == password % "CLICKHOUSE_WRITER_PASSWORD"
    asked = {name for name in parts["grafana"] if name.startswith("CLICKHOUSE_")}
    assert asked == {"CLICKHOUSE_READER_PASSWORD"}  # the owner's it does not know
    (mounted,) = (one for one in services()["clickhouse"]["volumes"] if "users.d" in one)
    assert mounted == "./clickhouse/users.d/argus-otel.xml:/etc/clickhouse-server/users.d/argus-otel.xml:ro"
    (collector,) = (one for one in containers() if one["name"] == "collector")
    environment = {one["name"]: one for one in collector["env"]}
    assert environment["CLICKHOUSE_USER"]["value"] == "argus_writer"
    assert environment["CLICKHOUSE_PASSWORD"]["valueFrom"]["secretKeyRef"]["key"] == "writer-password"


def test_the_example_of_the_environment_becomes_a_file_for_its_owner_alone():
    command = "install -m 600 .env.example .env"
    for path in (".env.example", "compose.yaml", "docs/pipeline.md"):
        text = (ROOT / path).read_text(encoding="utf-8")
        assert command in text
        assert "cp .env.example" not in text


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
    assert services()["migrate"]["command"] == ["store", "migrate"]


def test_no_password_has_a_default():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    asked = re.findall(r"\$\{([A-Z_]+)(:?[-?])([^}]*)\}", text)
    assert {name for name, how, _ in asked if how == ":?"} == {
        "CLICKHOUSE_PASSWORD",
        "CLICKHOUSE_READER_PASSWORD",
        "CLICKHOUSE_WRITER_PASSWORD",
        "GRAFANA_PASSWORD",
    }
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
    released = {image.partition("@")[0] for image in images if "otelcol" in image or "opentelemetry" in image}
    assert {image.split(":")[1] for image in released} == {PROGRAMS["collector"].release}
    assert {image for image in images if "clickhouse" in image} == {services()["clickhouse"]["image"]}
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    release = PROGRAMS["collector"].release
    assert re.search(
        rf"^FROM otel/opentelemetry-collector-contrib:{release}@\S+ AS release$",
        dockerfile,
        re.MULTILINE,
    )


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
    assert re.findall(r"(?:--uid|-u) (\d+)", dockerfile) == ["10001", "10001"]


def test_what_is_installed_into_an_image_is_what_the_lock_says_with_its_hashes():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    installs = [line.strip() for line in re.findall(r"pip install[^&\n]*", dockerfile)]
    *hashed, wheel = installs
    assert len(hashed) == 2
    for one in hashed:
        assert "--require-hashes --only-binary :all:" in one
    assert "--no-deps /wheel/*.whl" in wheel  # ours, which was built here
    (exported,) = re.findall(r"uv export[^&\n]*", dockerfile)
    assert "--locked" in exported
    (made,) = re.findall(r"uv build[^&\n]*", dockerfile)
    assert "--build-constraint /constraints/build.txt --require-hashes" in made
    for name in ("build", "check", "uv"):
        pinned = (ROOT / "constraints" / f"{name}.txt").read_text(encoding="utf-8")
        packages = re.findall(
            r"^([a-z0-9-]+)==[^\\]+\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", pinned, re.MULTILINE
        )
        assert len(packages) == len(re.findall(r"^\w", pinned, re.MULTILINE)) > 0


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
    assert clickhouse["jsonData"]["username"] == "argus_reader"
    assert clickhouse["secureJsonData"] == {"password": "$CLICKHOUSE_READER_PASSWORD"}
    environment = services()["grafana"]["environment"]
    assert "CLICKHOUSE_READER_PASSWORD" in environment
    # As tools/grafana/filling.py fills in what Prometheus is asked.
    assert environment["GF_FEATURE_TOGGLES_ENABLE"] == "prometheusSpecialCharsInLabelValues"
    assert clickhouse["type"] in services()["grafana"]["environment"]["GF_PLUGINS_PREINSTALL"]
    (link,) = prometheus["jsonData"]["exemplarTraceIdDestinations"]
    # Exemplars have their trace's id in this label, and the dashboard has a variable of that name.
    assert (link["name"], link["url"]) == ("trace_id", "/d/argus-traces?var-trace=$${__value.raw:percentencode}")
    dashboard = json.loads(
        (ROOT / "grafana" / "dashboards" / "discord" / "argus-traces.json").read_text(encoding="utf-8")
    )
    assert "trace" in [variable["name"] for variable in dashboard["templating"]["list"]]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "argus-otel.yaml").read_text())["providers"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in services()["grafana"]["volumes"]
    # A folder for each source, which Grafana makes only if the provider names none.
    assert provider["options"]["foldersFromFilesStructure"] is True
    assert not {"folder", "folderUid"} & set(provider)


def test_the_agent_checks_what_compose_runs_and_may_write_where_its_state_is():
    agent = services()["checks"]
    (directory, state) = agent["volumes"]
    source = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", directory).split(":")[0]
    path = ROOT / source / "checks.yaml"
    assert "/etc/argus-checks/checks.yaml" in agent["command"]
    checks = read(path, installed(ExecutorContext(Resolver()))).checks
    assert {check.host for check in checks} <= set(services())
    assert {check.service for check in checks} == set(services()) - {"demo", "bot", "checks", "migrate"}
    # A volume that is empty becomes as the directory of the image that it hides.
    written = agent["command"][agent["command"].index("--state") + 1]
    home = state.partition(":")[2]
    assert written.startswith(f"{home}/")
    assert f"install -d -o bot -m 0700 {home}" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


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


def pods() -> list[dict[str, Any]]:
    return [one["spec"]["template"]["spec"] for one in manifests() if "template" in one.get("spec", {})]


def test_each_pod_keeps_to_the_restricted_standard_which_its_namespace_asks_for():
    (namespace,) = (one for one in manifests() if one["kind"] == "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert len(pods()) == 4
    for pod in pods():
        assert pod["automountServiceAccountToken"] is False
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] in (10001, 101)
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        for container in (*pod.get("initContainers", []), *pod["containers"]):
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_only_who_needs_it_reaches_a_port_of_the_collector_and_of_clickhouse():
    policies = {one["metadata"]["name"]: one["spec"] for one in manifests() if one["kind"] == "NetworkPolicy"}
    assert policies.keys() == {"collector", "clickhouse"}
    for name, policy in policies.items():
        assert policy["policyTypes"] == ["Ingress"]
        assert policy["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": name}}
    (rule,) = policies["clickhouse"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "http"}]
    assert [one["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for one in rule["from"]] == [
        "collector",
        "grafana",
    ]


def test_services_and_mounts_find_what_they_name():
    templates = {
        one["metadata"]["name"]: one["spec"]["template"] for one in manifests() if "template" in one.get("spec", {})
    }
    for one in manifests():
        spec = one.get("spec", {})
        if one["kind"] == "Service":
            template = templates[one["metadata"]["name"]]
            assert spec["selector"].items() <= template["metadata"]["labels"].items()
            named = {port["name"] for c in template["spec"]["containers"] for port in c["ports"]}
            assert {port["targetPort"] for port in spec["ports"]} <= named
        if one["kind"] == "StatefulSet":
            claimed = {claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]}
            volumes = {volume["name"] for volume in spec["template"]["spec"].get("volumes", [])} | claimed
            mounts = {mount["name"] for c in spec["template"]["spec"]["containers"] for mount in c["volumeMounts"]}
            assert mounts == volumes


def test_the_collector_takes_what_the_agent_of_checks_sends():
    (policy,) = (one for one in manifests() if (one["kind"], one["metadata"]["name"]) == ("NetworkPolicy", "collector"))
    sending, _ = policy["spec"]["ingress"]
    (agent,) = (one for one in manifests() if (one["kind"], one["metadata"]["name"]) == ("StatefulSet", "checks"))
    labels = agent["spec"]["template"]["metadata"]["labels"]
    assert any(one["podSelector"]["matchLabels"].items() <= labels.items() for one in sending["from"])


def test_agents_share_the_checks_of_the_config_map_by_their_ordinals(tmp_path: Path):
    """Each pod's agent runs as its container does, with what Kubernetes fills in."""
    (pods_,) = (
        one["spec"] for one in manifests() if (one["kind"], one["metadata"]["name"]) == ("StatefulSet", "checks")
    )
    (given,) = (one["data"] for one in manifests() if one["kind"] == "ConfigMap")
    (container,) = pods_["template"]["spec"]["containers"]
    file = tmp_path / "checks.yaml"
    file.write_text(given["checks.yaml"])
    env = {one["name"]: one for one in container["env"]}
    ordinal = env["ORDINAL"]["valueFrom"]["fieldRef"]["fieldPath"]
    assert ordinal == "metadata.labels['apps.kubernetes.io/pod-index']"
    assert env["ARGUS_CHECKS_SHARD"]["value"] == f"$(ORDINAL)/{pods_['replicas']}"
    found: list[str] = []
    first = pods_["ordinals"]["start"]
    for number in range(first, first + pods_["replicas"]):
        words = filled(
            container["args"], {"/etc/argus-checks": tmp_path, "/var/lib/argus-otel": tmp_path / f"{number}"}
        )
        share = env["ARGUS_CHECKS_SHARD"]["value"].replace("$(ORDINAL)", f"{number}")
        with ChecksAgent.running(tmp_path, words, ARGUS_CHECKS_SHARD=share) as agent:
            for probe in ("livenessProbe", "readinessProbe"):
                path = container[probe]["httpGet"]["path"]
                agent.wait_until(lambda path=path: answers(agent.url + path), f"answers {path}")
            states = Scraper(agent.url).scrape().metrics.by(catalogue.STATE, attributes.NAME)
        found += [name for (name,) in states]
        assert list((tmp_path / f"{number}" / "checks").iterdir())  # its state is on the volume
    assert sorted(found) == sorted(check.name for check in read(file, installed(ExecutorContext(Resolver()))).checks)


# -- systemd


UNITS = sorted(path.name for path in SYSTEMD.glob("*.service"))
STARTS_PROGRAMS = "training-agent.service"
"""The unit whose process starts those of a user, which go on without it, and see of the system what it sees."""


@pytest.mark.parametrize("unit", UNITS)
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
    assert service["NoNewPrivileges"] == "yes"
    if unit == STARTS_PROGRAMS:
        assert service["User"] not in ("", "root")
        assert service["KillMode"] == "process"
        assert service["ProtectSystem"] == "full"
    else:
        assert service["DynamicUser"] == "yes"
        assert service["ProtectSystem"] == "strict"
        assert service["ProtectHome"] == service["PrivateTmp"] == "yes"
    assert not re.search(r"^Environment=.*(PASSWORD|TOKEN|KEY)=\S", text, re.MULTILINE)


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, of Debian's package systemd"
)
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_knows_the_units(unit: str, tmp_path: Path):
    # It asks whether the programs are there, too.
    text = re.sub(
        r"^(Exec\w+=)\S+", rf"\1{sys.executable}", (SYSTEMD / unit).read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    (tmp_path / unit).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_agent_of_checks_runs_as_its_unit_says(tmp_path: Path):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(SYSTEMD / "checks.service")
    service = parser["Service"]
    (tmp_path / "checks.yaml").write_text("checks: {one: {http: 'http://127.0.0.1:9/', interval: 1h}}\n")
    words = filled(
        service["ExecStart"].split()[1:], {"/etc/argus-checks": tmp_path, "%S/argus-checks": tmp_path / "state"}
    )
    with ChecksAgent.running(tmp_path, words) as agent:
        agent.wait_until(agent.is_ready, "is ready")
        assert list((tmp_path / "state").iterdir())

        def reloads() -> float:
            return Scraper(agent.url).scrape().metrics.total(catalogue.RELOADS) or 0.0

        assert reloads() == 0
        signal = service["ExecReload"].split()[1]
        subprocess.run(["/bin/kill", signal, str(agent.pid)], check=True)
        agent.wait_until(lambda: reloads() == 1, "has read the file again")
        agent.stop()
        (tmp_path / "checks.yaml").write_text("checks: {one: {}}\n")
        agent.start(words)
        assert agent.wait() == int(service["RestartPreventExitStatus"])
        assert "checks.yaml:1:" in agent.printed()
