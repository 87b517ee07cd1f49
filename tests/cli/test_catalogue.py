"""``argus-otel catalogue`` lists everything that can be emitted, and nothing else."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import opentelemetry.semconv._incubating.attributes as conventions
import pytest
import yaml
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import argus_otel
from argus_otel.catalogues import CATALOGUES
from argus_otel.cli import main
from argus_otel.cli.catalogue import contents, document, markdown, weaver
from argus_otel.discovery import installed, load
from argus_otel.otel.instruments import observe
from argus_otel.otel.prometheus import PrometheusReader
from argus_otel.scrape.series import prometheus_name
from argus_otel.telemetry import (
    Attribute,
    Catalogue,
    Event,
    InstrumentKind,
    Metric,
    Severity,
    Span,
    SpanAttribute,
    SpanKind,
    Telemetry,
)

from .conftest import Run

ROOT = Path(__file__).parents[2]
METRICS = [metric for catalogue in CATALOGUES for metric in catalogue.metrics]
SPANS = [span for catalogue in CATALOGUES for span in catalogue.spans]
EVENTS = [event for catalogue in CATALOGUES for event in catalogue.events]
ATTRIBUTES = {attribute.name for metric in METRICS for attribute in metric.attributes} | {
    name for signal in (*SPANS, *EVENTS) for name in signal.attributes
}


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["catalogue", *words]) == 0
    return capsys.readouterr().out


# -- the list of catalogues


def test_every_catalogue_of_a_source_is_in_the_list() -> None:
    source = Path(argus_otel.__file__).parent
    defined = set()
    for path in source.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            call = getattr(node, "value", None)
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Catalogue":
                defined.add(call.args[0].value)  # type: ignore[attr-defined]
    defined.remove("system")  # which OpenTelemetry's own instrumentation emits
    assert {catalogue.name for catalogue in CATALOGUES} == defined


def test_no_name_is_defined_in_two_catalogues() -> None:
    for names in (
        [metric.name for metric in METRICS],
        [prometheus_name(metric) for metric in METRICS],
        [span.name for span in SPANS],
        [event.name for event in EVENTS],
    ):
        assert len(set(names)) == len(names)


def test_an_attribute_of_two_metrics_means_the_same_on_both() -> None:
    """Only of OpenTelemetry's own may each source say its own: https://opentelemetry.io/docs/specs/semconv/."""
    definitions: dict[str, Attribute] = {}
    for metric in METRICS:
        for attribute in metric.attributes:
            owner = metric.scope if attribute.name in contents.UPSTREAM else ""
            assert definitions.setdefault(f"{owner}:{attribute.name}", attribute) == attribute


def test_what_sources_say_of_one_attribute_is_told_by_source() -> None:
    (error_type,) = (each for each in contents.gather().attributes if each.name == "error.type")
    assert "Of `checks`: Why it failed" in error_type.description
    assert "Of `discord`: The original exception's class" in error_type.description
    assert error_type.values == ()
    assert {"dns", "KeyError"} <= set(error_type.examples)
    assert {"argus.check.runs", "discord.command.errors"} & set(error_type.metrics) != set()


def test_a_catalogue_bears_the_name_of_its_source_and_its_signals_know_it() -> None:
    for name, spec in installed().specs.items():
        catalogue = load(spec.catalogue)
        assert catalogue.name == name
        assert {metric.scope for metric in catalogue.metrics} <= {name}
        assert {span.rate_key.partition(".")[0] for span in catalogue.spans} <= {name}


def test_every_attribute_has_a_meaning_and_what_is_open_has_examples_of_one_type() -> None:
    for attribute in contents.gather().attributes:
        assert attribute.description, f"{attribute.name} has no description: give its catalogue a SpanAttribute of it"
        assert attribute.values or attribute.examples, f"{attribute.name} has no examples"
        assert len({type(value) for value in attribute.values or attribute.examples}) == 1, attribute.name


def test_what_is_said_to_be_upstreams_is() -> None:
    upstream: set[str] = set()
    for module in pkgutil.iter_modules(conventions.__path__):
        found = vars(importlib.import_module(f"{conventions.__name__}.{module.name}"))
        upstream |= {value for value in found.values() if isinstance(value, str)}
    assert upstream >= contents.UPSTREAM
    assert {name for name in ATTRIBUTES if name in upstream} <= contents.UPSTREAM


# -- Prometheus' names


_ODD = tuple(
    Metric(
        f"odd.{kind.value}.{number}{suffix}", kind, unit, "m", (), (1.0,) if kind is InstrumentKind.HISTOGRAM else ()
    )
    for kind in InstrumentKind
    for number, (unit, suffix) in enumerate(
        [
            ("By", ""),
            ("%", ""),
            ("ms", ""),
            ("1", ""),
            ("{thing}", ""),
            ("s", ".seconds"),
            ("s", ".total"),
            ("", "-x/y"),
        ]
    )
)


def test_prometheus_names_are_those_of_the_endpoint() -> None:
    telemetry, reader = Telemetry(), PrometheusReader()
    reader.show(telemetry)
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    metrics = [*METRICS, *_ODD]
    observe(provider.get_meter("argus_otel"), telemetry, metrics)
    for metric in metrics:
        values = {attribute.name: "x" for attribute in metric.attributes}
        if metric.kind is InstrumentKind.HISTOGRAM:
            telemetry.histogram(metric)[
                (None,) * len(metric.attributes) if len(metric.attributes) != 1 else None
            ].record(1)
        else:
            telemetry.gauge(metric, lambda values=values: [(values, 1.0)])
            telemetry._counters.pop(metric.name, None)
    served: dict[str, str] = {}
    for family in text_string_to_metric_families(generate_latest(reader.registry).decode()):
        for sample in family.samples:
            served[re.sub(r"_(bucket|count|sum)$", "", sample.name)] = family.type
            served[sample.name] = family.type
    types = {
        InstrumentKind.COUNTER: "counter",
        InstrumentKind.UP_DOWN_COUNTER: "gauge",
        InstrumentKind.GAUGE: "gauge",
        InstrumentKind.HISTOGRAM: "histogram",
    }
    for metric in metrics:
        assert served.get(prometheus_name(metric)) == types[metric.kind], metric.name
        assert set(contents.served(metric)) <= set(served)


# -- for people


def test_each_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys).splitlines()
    for signal in (*METRICS, *SPANS, *EVENTS):
        assert any(line.startswith(f"  {signal.name} ") and line.endswith(signal.description) for line in lines), (
            signal.name
        )
    for name in ATTRIBUTES:
        assert any(line.startswith(f"  {name} ") for line in lines), name
    assert len(lines) == len(METRICS) + len(SPANS) + len(EVENTS) + len(ATTRIBUTES) + 4 + 3


def test_what_is_named_is_shown_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "discord.rest.ratelimits") == (
        "metric discord.rest.ratelimits\n"
        "  Responses with status 429, by whose limit was hit.\n"
        "  kind        counter\n"
        "  unit        {response}\n"
        "  Prometheus  discord_rest_ratelimits_total\n"
        "  attribute   url.template (up to 300 values): The route, such as `/channels/{channel_id}/messages`.\n"
        "              discord.ratelimit.scope (user, shared, global, cloudflare): Whose limit was hit.\n"
    )


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["discord_gateway_sessions_total"], ["metric discord.gateway.sessions"]),
        (["discord_gateway_heartbeat_duration_seconds_bucket"], ["metric discord.gateway.heartbeat.duration"]),
        (["discord.guild.join", "discord.guild.leave"], ["event discord.guild.join", "event discord.guild.leave"]),
        (["--kind", "event", "join"], ["event discord.guild.join"]),
        (
            ["discord.guild.?????"],
            ["metric discord.guild.count", "metric discord.guild.sizes", "event discord.guild.leave"],
        ),
        (["--kind", "attribute", "error.type"], ["attribute error.type"]),
        (["--kind", "span", "task *"], ["span task {discord.task.name}"]),
    ],
)
def test_names_are_found_in_any_spelling(
    capsys: pytest.CaptureFixture[str], words: list[str], found: list[str]
) -> None:
    lines = [line for line in told(capsys, *words).splitlines() if line and not line.startswith(" ")]
    assert lines == found


def test_nothing_by_that_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue", "discord.nothing", "zzz"]) == 1
    assert capsys.readouterr().err == "argus-otel catalogue: no signal has discord.nothing or zzz in its name\n"
    assert main(["catalogue", "--kind", "span", "--source", "process"]) == 1
    assert capsys.readouterr().err == "argus-otel catalogue: no signal of kind span is there\n"


def test_the_signals_of_one_source(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(told(capsys, "--source", "process", "--format", "json"))
    (process,) = (catalogue for catalogue in CATALOGUES if catalogue.name == "process")
    assert [metric["name"] for metric in listed["metrics"]] == [metric.name for metric in process.metrics]
    assert [event["name"] for event in listed["events"]] == [event.name for event in process.events]
    assert listed["spans"] == []
    assert "argus.hook.errors" in told(capsys, "--source", "argus")
    assert main(["catalogue", "--source", "queue"]) == 2
    assert (
        "--source is 'queue', and there is no such source; there are: checks, discord, graphs, process, "
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--format", "weaver"],
        ["--output", "x"],
        ["--format", "weaver", "--output", "x", "discord"],
        ["--format", "weaver", "--output", "x", "--kind", "span"],
        ["--format", "weaver", "--output", "x", "--source", "process"],
        ["--format", "xml"],
        ["--kind", "gauge"],
    ],
)
def test_wrong_usage(argus: Run, words: list[str]) -> None:
    done = argus("catalogue", *words)
    assert done.returncode == 2
    assert "argus-otel catalogue: " in done.stderr


def test_it_needs_neither_rich_nor_discord(python: Run) -> None:
    source = (
        "import sys, argus_otel.cli as cli\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('rich', 'discord', 'yaml'): raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "for words in (['discord'], ['--format', 'json'], ['--format', 'markdown'], "
        "['--format', 'weaver', '--output', 'w']):\n"
        "    assert cli.main(['catalogue', *words]) == 0\n"
        "print(*[name for name in ('opentelemetry.sdk', 'rich', 'discord') if name in sys.modules])"
    )
    done = python("-c", source)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == ""


# -- the page


def test_the_page_is_what_the_command_writes(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/catalogue.md").read_text(encoding="utf-8")
    assert page == told(capsys, "--format", "markdown"), f"run: {markdown.COMMAND}"


def test_the_page_has_an_anchor_for_each_metric(capsys: pytest.CaptureFixture[str]) -> None:
    headings = re.findall(r"^### `(.+)`$", told(capsys, "--format", "markdown"), re.MULTILINE)
    assert headings == [metric.name for metric in METRICS]
    anchors = [heading.replace(".", "") for heading in headings]
    assert len(set(anchors)) == len(anchors)


# -- for programs


def test_the_document_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(told(capsys, "--format", "json"))
    assert list(made) == ["version", "metrics", "spans", "events", "attributes"]
    read = [
        Metric(
            each["name"],
            InstrumentKind(each["kind"]),
            each["unit"],
            each["description"],
            tuple(
                Attribute(a["name"], a["description"], tuple(a["values"]), a["cardinality_limit"] or 0)
                for a in each["attributes"]
            ),
            tuple(each["boundaries"]),
        )
        for each in made["metrics"]
    ]
    assert [_parts(metric) for metric in read] == [_parts(_bare(metric)) for metric in METRICS]
    spans = [Span(e["name"], SpanKind(e["kind"]), e["description"], tuple(e["attributes"])) for e in made["spans"]]
    assert [_all_of(span) for span in spans] == [_all_of(span) for span in SPANS]
    events = [
        Event(e["name"], e["description"], tuple(e["attributes"]), Severity(e["severity"])) for e in made["events"]
    ]
    assert [_all_of(event) for event in events] == [_all_of(event) for event in EVENTS]
    assert {attribute["name"] for attribute in made["attributes"]} == ATTRIBUTES
    for attribute in made["attributes"]:
        for kind, signals in (("metrics", METRICS), ("spans", SPANS), ("events", EVENTS)):
            having = [s.name for s in signals if attribute["name"] in _names(s)]
            assert attribute[kind] == having


def test_the_document_is_of_the_shape_that_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^The document of `--format json`:\n\n((?:    .*\n)+)", page, re.MULTILINE)
    made = json.loads(told(capsys, "--format", "json"))

    def shape(thing: Any) -> Any:
        if isinstance(thing, dict):
            return {key: shape(value) for key, value in thing.items()}
        if isinstance(thing, list):
            return [shape(thing[0])] if thing and isinstance(thing[0], dict) else []
        return None

    assert shape(json.loads(shown)) == shape(made)


def _all_of(definition: Span | Event) -> list[object]:
    """What tells one definition from another."""
    return [
        getattr(definition, part)
        for part in type(definition).__slots__
        if part not in ("rate_key", "exception", "raises")
    ]


def _parts(metric: Metric) -> list[object]:
    attributes = [[getattr(each, part) for part in Attribute.__slots__] for each in metric.attributes]
    return [metric.name, metric.kind, metric.unit, metric.description, metric.boundaries, attributes]


def _bare(metric: Metric) -> Metric:
    bare = tuple(Attribute(a.name, a.description, a.values, a.cardinality_limit) for a in metric.attributes)
    return Metric(metric.name, metric.kind, metric.unit, metric.description, bare, metric.boundaries)


def _names(signal: Metric | Span | Event) -> list[str]:
    return [getattr(attribute, "name", attribute) for attribute in signal.attributes]


# -- for OpenTelemetry Weaver

_TEXT = {"type": "string", "minLength": 1}
_LEVEL = {"enum": ["stable", "development", "alpha", "beta", "release_candidate"]}
_VALUE = {"type": ["string", "number", "boolean"]}
_MEMBER = {
    "type": "object",
    "required": ["id", "value", "stability"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z0-9_]+$"},
        "value": {"type": ["string", "number"]},
        "brief": _TEXT,
        "note": _TEXT,
        "stability": _LEVEL,
    },
}
_ATTRIBUTE = {
    "oneOf": [
        {"type": "object", "required": ["ref"], "additionalProperties": False, "properties": {"ref": _TEXT}},
        {
            "type": "object",
            "required": ["id", "type", "stability", "brief"],
            "additionalProperties": False,
            "properties": {
                "id": {"type": "string", "pattern": r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$"},
                "type": {
                    "oneOf": [
                        {"enum": ["string", "int", "double", "boolean"]},
                        {
                            "type": "object",
                            "required": ["members"],
                            "additionalProperties": False,
                            "properties": {"members": {"type": "array", "minItems": 1, "items": _MEMBER}},
                        },
                    ]
                },
                "stability": _LEVEL,
                "brief": _TEXT,
                "note": _TEXT,
                "examples": {"type": "array", "minItems": 1, "items": _VALUE},
                "annotations": {"type": "object"},
            },
            # Weaver asks for examples of whatever is a plain string.
            "if": {"properties": {"type": {"const": "string"}}},
            "then": {"required": ["examples"]},
        },
    ]
}


def _signal(kind: str, own: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "type", "brief", "stability", "attributes", *own],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": rf"^{'registry' if kind == 'attribute_group' else kind}\.[\w.]+$"},
            "type": {"const": kind},
            "brief": _TEXT,
            "note": _TEXT,
            "stability": _LEVEL,
            "attributes": {"type": "array", "items": _ATTRIBUTE},
            "annotations": {"type": "object"},
            **own,
        },
    }


# Of Weaver's own schema of semantic conventions, the part that we use, and stricter: what it does not know is refused.
_SCHEMA = {
    "type": "object",
    "required": ["groups"],
    "additionalProperties": False,
    "properties": {
        "groups": {
            "type": "array",
            "minItems": 1,
            "items": {
                "oneOf": [
                    _signal("attribute_group", {}),
                    _signal(
                        "metric",
                        {
                            "metric_name": _TEXT,
                            "instrument": {"enum": ["counter", "gauge", "histogram", "updowncounter"]},
                            "unit": _TEXT,
                        },
                    ),
                    _signal("span", {"span_kind": {"enum": ["client", "server", "producer", "consumer", "internal"]}}),
                    _signal("event", {"name": _TEXT}),
                ]
            },
        }
    },
}
_MANIFEST = {
    "type": "object",
    "required": ["name", "description", "schema_url", "dependencies"],
    "additionalProperties": False,
    "properties": {
        "name": _TEXT,
        "description": _TEXT,
        "schema_url": {"type": "string", "pattern": r"^https?://[^/]+/.+/\d+\.\d+\.\d+$"},
        "dependencies": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["schema_url", "registry_path"],
                "additionalProperties": False,
                "properties": {
                    "schema_url": {"const": f"https://opentelemetry.io/schemas/{contents.SEMCONV}"},
                    "registry_path": {"type": "string", "pattern": r"@v\d+\.\d+\.\d+\[model\]$"},
                },
            },
        },
    },
}


@pytest.fixture
def registry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The registry's files as a YAML parser reads them."""
    directory = tmp_path / "new" / "registry"
    written = told(capsys, "--format", "weaver", "--output", str(directory)).split()
    assert sorted(written) == sorted(str(path) for path in directory.iterdir())
    return {Path(path).name: yaml.safe_load(Path(path).read_text(encoding="utf-8")) for path in written}


def test_the_registry_is_of_weavers_form(registry: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(registry.pop("manifest.yaml"), _MANIFEST)
    assert set(registry) == {"attributes.yaml", "metrics.yaml", "spans.yaml", "events.yaml"}
    for document_ in registry.values():
        jsonschema.validate(document_, _SCHEMA)


def _groups(registry: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    groups = [group for name, file in registry.items() if name != "manifest.yaml" for group in file["groups"]]
    assert len({group["id"] for group in groups}) == len(groups)
    return [group for group in groups if group["type"] == kind]


def test_nothing_is_lost_in_the_registry(registry: dict[str, Any]) -> None:
    attributes = [each for group in _groups(registry, "attribute_group") for each in group["attributes"]]
    defined = {each["id"]: each for each in attributes}
    assert len(defined) == len(attributes)
    assert set(defined) | contents.UPSTREAM >= ATTRIBUTES
    assert set(defined).isdisjoint(contents.UPSTREAM)

    def read(reference: dict[str, str], original: Attribute) -> Attribute:
        name = reference["ref"]
        if name in contents.UPSTREAM:
            return (
                Attribute(original.name, original.description, original.values, original.cardinality_limit)
                if (name == original.name)
                else Attribute(name, "another", cardinality_limit=1)
            )
        each = defined[name]
        members = each["type"]["members"] if isinstance(each["type"], dict) else []
        cap = each.get("annotations", {}).get("argus_otel", {}).get("cardinality_limit", 0)
        return Attribute(name, each["brief"], tuple(member["value"] for member in members), cap)

    for metric, group in zip(METRICS, _groups(registry, "metric"), strict=True):
        pairs = zip(group["attributes"], metric.attributes, strict=True)
        ours = group["annotations"]["argus_otel"]
        assert ours["prometheus_name"] == prometheus_name(metric)
        told_of = Metric(
            group["metric_name"],
            InstrumentKind(group["instrument"]),
            group["unit"],
            group["brief"],
            tuple(read(*pair) for pair in pairs),
            tuple(ours.get("boundaries", ())),
        )
        assert _parts(told_of) == _parts(_bare(metric))
    for span, group in zip(SPANS, _groups(registry, "span"), strict=True):
        name, references = group["annotations"]["argus_otel"]["name"], [each["ref"] for each in group["attributes"]]
        told_of = Span(name, SpanKind(group["span_kind"]), group["brief"], tuple(references))
        assert _all_of(span) == _all_of(told_of)
        assert f"`{name}`" in group["note"]
    for event, group in zip(EVENTS, _groups(registry, "event"), strict=True):
        severity, references = group["annotations"]["argus_otel"]["severity"], [e["ref"] for e in group["attributes"]]
        told_of = Event(group["name"], group["brief"], tuple(references), Severity(severity))
        assert _all_of(event) == _all_of(told_of)


def test_examples_are_of_the_attributes_type(registry: dict[str, Any]) -> None:
    types = {"string": str, "int": int, "double": float, "boolean": bool}
    for group in _groups(registry, "attribute_group"):
        for each in group["attributes"]:
            for example in each.get("examples", ()):
                assert type(example) is types[each["type"]], each["id"]


def test_writing_it_again_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read = []
    for _ in range(2):
        told(capsys, "--format", "weaver", "--output", str(tmp_path))
        read.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
    assert read[0] == read[1]
    assert not any(b"\r" in text for text in read[0].values())


# -- with a catalogue that has everything


def test_a_catalogue_with_everything_in_it_is_told_in_every_format() -> None:
    size = Attribute("work.size", "How | large.", values=(1, 2))
    made = Catalogue(
        "work",
        metrics=(Metric("work.memory", InstrumentKind.GAUGE, "By", "Memory.", (size,)),),
        spans=(Span("work {work.id}", SpanKind.INTERNAL, "Work.", ("work.id",)),),
        events=(Event("work.done", "Done.", ("work.id", "work.share"), Severity.WARN),),
        span_attributes=(SpanAttribute("work.id", "Which.", ("a",)), SpanAttribute("work.share", "How much.", (0.5,))),
    )
    gathered = contents.gather([made])
    assert [event.name for event in gathered.events] == ["work.done", "work.work.exception"]
    own = [attribute for attribute in gathered.attributes if attribute.name.startswith("work.")]
    assert [(a.name, a.type, a.bound) for a in own] == [
        ("work.id", "string", "any value"),
        ("work.share", "double", "any value"),
        ("work.size", "int", "1, 2"),
    ]
    files = weaver.registry(gathered)
    *_, group = files["attributes.yaml"]["groups"]  # type: ignore[misc]
    assert [each["id"] for each in group["attributes"]] == ["work.id", "work.share", "work.size"]
    assert document.as_document(gathered)["metrics"][0]["prometheus_name"] == "work_memory_bytes"  # type: ignore[index]
    assert "| `work.size` | `1`, `2` | How \\| large. |" in markdown.as_markdown(gathered)
