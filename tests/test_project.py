"""The project keeps its own statements: README, documents, examples, Makefile, workflows."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from argus_otel.catalogues import CATALOGUES, EXTERNAL
from argus_otel.cli import COMMANDS
from argus_otel.discovery import installed, load
from argus_otel.scrape.series import prometheus_name
from argus_otel.settings import PARENT_SERVICE, Settings, all_settings
from argus_otel.telemetry import InstrumentKind
from argus_otel.version import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:  # pytest needs it there
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
SIMULATOR = ROOT / "packages" / "discord-simulator"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *SIMULATOR.glob("*.md")})
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
EVERYTHING = Settings.resolve(
    {}, {setting.name: "1" for setting in all_settings() if setting.name.endswith(("_id", "location"))}
)
METRICS = [metric for catalogue in CATALOGUES for metric in catalogue.metrics]

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def fenced(text: str) -> str:
    """The blocks of code in ``text``."""
    return "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def code(text: str) -> list[str]:
    """Whatever ``text`` sets as code: lines of blocks, and spans."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [*fenced(text).splitlines(), *re.findall(r"`([^`\n]+)`", outside)]


def slug(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower()).replace(" ", "-")


# -- links


@each_document
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        assert linked.is_file(), f"{target} is not there"
        if anchor and linked.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), f"{target} has no such heading"


def test_the_index_leads_to_every_document() -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    for path in ROOT.glob("docs/*.md"):
        assert path.name == "index.md" or f"]({path.name})" in index


def test_every_file_on_the_path_of_the_data_exists() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    files = re.findall(r"`([a-z_]+/[\w/]+\.(?:py|sql))`", page.partition("## The path of the data")[2])
    assert len(files) > 20
    for file in files:
        assert (ROOT / "src" / "argus_otel" / file).is_file(), file


# -- commands, settings, names


@each_document
def test_every_command_exists(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for line in code(path.read_text(encoding="utf-8")):
        for command, following in re.findall(r"(?:^|\s)argus-otel ([a-z]\S*)(?: +([a-z]\S*))?", line):
            spec = installed().specs.get(command)
            of_source = load(spec.commands) if spec and spec.commands else {}
            assert command in COMMANDS or (of_source and (not following or following in of_source)), line
        for words in re.findall(r"^make ([a-z -]+)", line):
            assert set(words.split()) <= targets, line
        for module in re.findall(r"python -m (argus_otel[\w.]*)", line):
            spec = importlib.util.find_spec(module)
            assert spec, line
            assert not spec.submodule_search_locations or importlib.util.find_spec(f"{module}.__main__"), line
        for file in re.findall(r"(?:examples|docs|tests|src|benchmarks)/[\w/]+\.\w+", line):
            assert (ROOT / file).is_file(), line


def test_make_without_a_target_lists_every_target() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("there is no make")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    shown = subprocess.run([make, "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in phony[1].split():
        assert f"make {target} " in shown


@each_document
def test_every_setting_of_ours_exists(path: Path) -> None:
    configuration = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    variables = {variable for setting in all_settings() for variable in setting.variables}
    variables |= {PARENT_SERVICE, "ARGUS_CHILD_IMPORTS"}  # no settings: a process sets them for those that it starts
    for name in re.findall(r"\bARGUS_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8")):
        assert name in variables, name
        assert f"`{name}`" in configuration, f"{name} is not in docs/configuration.md"


@each_document
def test_every_name_of_a_signal_exists(path: Path) -> None:
    known = {metric.name for metric in METRICS}
    known |= {attribute.name for metric in METRICS for attribute in metric.attributes}
    known |= {name for each in CATALOGUES for signal in (*each.spans, *each.events) for name in signal.attributes}
    known |= {event.name for catalogue in CATALOGUES for event in catalogue.events}
    known |= {str(example) for metric in METRICS for each in metric.attributes for example in each.examples}
    known |= {metric.name for each in EXTERNAL for metric in each.metrics}
    known |= {name for spec in installed().specs.values() if spec.resource for name in load(spec.resource)(EVERYTHING)}
    known |= {"discord.library.name", "discord.library.version"}  # which a bot adds to its resource once it is active
    rated = tuple(span.rate_key for each in CATALOGUES for span in each.spans)  # and what follows it is a name
    for text in re.findall(
        r"`((?:discord|http\.client|argus|asyncio\.loop|log|process)\.[a-z_.]+)`", path.read_text(encoding="utf-8")
    ):
        if not text.endswith((".", ".py")) and not text.startswith("discord.ext."):  # files, and discord.py's modules
            assert text in known or text.startswith(rated)


def test_what_the_readme_shows_of_metrics_is_as_it_is_served() -> None:
    suffixes = {InstrumentKind.HISTOGRAM: ("_bucket", "_count", "_sum")}
    served = {
        prometheus_name(metric) + suffix: {attribute.name.replace(".", "_") for attribute in metric.attributes} | {"le"}
        for metric in METRICS
        for suffix in suffixes.get(metric.kind, ("",))
    }
    shown = re.findall(r"^([a-z_]+)\{(.*)\} \S+$", fenced(README), re.MULTILINE)
    assert len(shown) > 5
    for name, labels in shown:
        assert name in served
        assert set(re.findall(r'(\w+)="', labels)) <= served[name]


# -- packaging


def test_every_extra_is_in_the_readme() -> None:
    for_the_loader = {"instruments-any"}
    declared = set(PYPROJECT["project"]["optional-dependencies"]) - for_the_loader
    assert set(re.findall(r"`argus-otel\[([\w-]+)\]` \|", README)) == declared


def test_the_version_is_one() -> None:
    assert PYPROJECT["project"]["version"] == __version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d\S*)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    assert unreleased
    assert __version__ in released or f"Version {__version__}" in unreleased[1]


def test_the_simulator_is_a_version_that_the_demo_asks_for() -> None:
    project = tomllib.loads((SIMULATOR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    demo = map(Requirement, PYPROJECT["project"]["optional-dependencies"]["demo"])
    (asked,) = (requirement for requirement in demo if requirement.name == project["name"])
    assert project["version"] in asked.specifier
    assert {clause.operator for clause in asked.specifier} == {">=", "<"}
    assert importlib.metadata.version(project["name"]) == project["version"]
    assert project["requires-python"] == PYPROJECT["project"]["requires-python"]


def test_what_the_readme_says_of_compatibility_is_declared() -> None:
    project = PYPROJECT["project"]
    pythons = classified_pythons()
    assert f"Python {pythons[0]} to {pythons[-1]}" in README
    assert project["requires-python"] == f">={pythons[0]}"
    assert "discord.py>=2.4.0a0,<3" in project["optional-dependencies"]["instruments-any"]
    assert "discord.py 2.4 to 2.x" in README
    sdk = next(name for name in project["dependencies"] if name.startswith("opentelemetry-sdk"))
    lowest = re.search(r">=([\d.]+)", sdk)
    assert lowest
    assert f"OpenTelemetry's SDK from {lowest[1]} on" in README


def test_the_loader_and_the_instrumentor_ask_for_the_same() -> None:
    extras = PYPROJECT["project"]["optional-dependencies"]
    libraries = [library for spec in installed().specs.values() for library in spec.libraries]
    # A program that runs checks or trains a model may have none of these libraries, but has what argus-otel needs.
    *listed, always = extras["instruments-any"]
    assert listed == libraries
    assert always in PYPROJECT["project"]["dependencies"]
    assert "instruments" not in extras  # of which all would have to be there


# -- continuous integration


def classified_pythons() -> list[str]:
    classifiers = "\n".join(PYPROJECT["project"]["classifiers"])
    return re.findall(r"^Programming Language :: Python :: (3\.\d+)$", classifiers, re.MULTILINE)


def test_every_python_that_is_classified_is_tested() -> None:
    matrix = re.search(
        r"^ +python: (\[.+\])$", (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert matrix
    assert json.loads(matrix[1]) == classified_pythons()


@each_workflow
def test_a_workflow_is_valid_and_asks_for_little(path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] in ({}, {"contents": "read"})
    assert workflow["concurrency"]["group"]
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= set(workflow["jobs"])


def test_the_local_ci_makes_the_tests() -> None:
    script = ROOT / ".ci/run"
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text
    assert re.search(r"^make (?:.* )?test$", text, re.MULTILINE)
    if os.name == "posix":
        assert os.access(script, os.X_OK)
        if bash := shutil.which("bash"):
            subprocess.run([bash, "-n", script], check=True)


# -- the source that docs/sources.md builds


def test_the_source_of_its_page_passes_the_contract(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    files = dict(re.findall(r"^```(?:toml|python)\n# (\S+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    assert {"pyproject.toml", "test_contract.py", "argus_otel_mail/source.py"} < files.keys()
    for name, text in files.items():
        path = tmp_path / ("src" if "/" in name else "") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_contract.py"],
        cwd=tmp_path,
        env={**own, "PYTHONPATH": os.pathsep.join((str(tmp_path / "site"), own.get("PYTHONPATH", "")))},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


# -- what must not be in the tree


def tracked() -> Iterator[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return (ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


# Written so that this file does not match itself.
FORBIDDEN = {
    "a path of somebody's own": r"(?<![\w.])/(?:home|Users|root|workspace|work)/[\w.]+|[A-Z]:\\Users\\",
    "a bot token": r"\b[MNO][A-Za-z\d_-]{23,27}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,}",
    "a package index of somebody's own": r"(?i)(?:index[-_]url|uv_(?:default_)?index|find[-_]links)\s*[=:]",
    "credentials in a URL": r"https?://[^/\s\"'<>{}@]+:[^/\s\"'<>{}@]+@(?!127\.0\.0\.1|localhost|\w+\.example)",
}


def test_nothing_private_is_in_the_tree() -> None:
    found = []
    for path in tracked():
        text = path.read_text(encoding="utf-8", errors="ignore")
        for what, pattern in FORBIDDEN.items():
            if what == "a bot token" and {ROOT / "tests", SIMULATOR / "tests"} & set(path.parents):
                continue  # made up, to be redacted
            found += [f"{path.relative_to(ROOT)}: {what}: {match[0]}" for match in re.finditer(pattern, text)]
    assert found == []


def test_the_lock_file_knows_no_index_but_pypi() -> None:
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    assert set(re.findall(r'registry = "([^"]+)"', lock)) == {"https://pypi.org/simple"}
    assert set(re.findall(r'url = "https?://([^/"]+)', lock)) == {"files.pythonhosted.org"}


# -- examples, each as its own process on a simulated Discord


@dataclass
class Example:
    """A bot that runs."""

    output: Path

    async def metrics(self) -> str:
        """What its endpoint serves."""
        announced = re.search(r"endpoint (http://\S+?)[;,\s]", self.output.read_text(encoding="utf-8"))
        assert announced, self.output.read_text(encoding="utf-8")
        return await asyncio.to_thread(fetch, f"{announced[1]}/metrics")


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


@contextlib.asynccontextmanager
async def running(sim, output: Path, *command: str, **environment: str) -> AsyncIterator[Example]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
    own |= {"DISCORD_TOKEN": sim.token, "DISCORD_SIMULATOR_URL": sim.url, "ARGUS_ENDPOINT_PORT": "0", **environment}
    with output.open("wb") as file:
        bot = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=own, stdout=file, stderr=subprocess.STDOUT)
        try:
            await sim.ready(timeout=40)
            yield Example(output)
        finally:
            bot.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
            try:
                await asyncio.wait_for(bot.wait(), 20)
            except asyncio.TimeoutError:
                bot.kill()
                await bot.wait()


def counted(metrics: str, name: str) -> set[tuple[str, str]]:
    """Name and outcome of each series of a histogram."""
    series = re.findall(rf"^{name}_count\{{(.*)\}}", metrics, re.MULTILINE)
    labels = [dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in series]
    return {
        (one.get("discord_command_name") or one.get("discord_component_name", ""), one["discord_outcome"])
        for one in labels
    }


ARGUS_RUN = (sys.executable, "-m", "argus_otel", "run")
REDIRECTED = (sys.executable, "-m", "discord_simulator", "run")


def test_the_bot_of_the_examples_does_what_it_says_and_is_observed(tmp_path: Path) -> None:
    pytest.importorskip("discord")
    from discord_simulator import Simulator

    async def tour(sim: Simulator, bot: Example) -> str:
        hint = await (await sim.autocomplete("play", "song", "take")).choices()
        assert [choice["name"] for choice in hint] == ["Take Five"]
        player = await (await sim.slash("play", options={"song": "Take Five"})).response()
        assert (await (await sim.click(player, "Skip")).acknowledged()).content.startswith("Now playing")
        picked = await sim.select(player, "Play something else", ["So What"])
        assert (await picked.acknowledged()).content == "Now playing: So What"
        asked = await sim.click(player, "Feedback")
        await asked.modal()
        assert (await (await sim.submit_modal(asked, {"How was it?": "Loud"})).acknowledged()).content == "Thank you!"

        assert (await (await sim.slash("search", options={"words": "blue"})).response()).content.startswith("blue: did")
        await sim.slash("lyrics")
        assert (await (await sim.slash("surprise")).acknowledged()).content.startswith("Now playing")
        assert "cooldown" in (await (await sim.slash("surprise")).acknowledged()).content
        await (await sim.slash("playlist add", options={"song": "Take Five"})).acknowledged()
        assert (await (await sim.slash("playlist show")).acknowledged()).content == "Take Five"
        assert (await (await sim.slash("latency")).acknowledged()).content.endswith(" ms")

        someone = sim.guild().people[1].user
        assert (
            str(someone.id)
            in (await (await sim.context_menu("user", "Dedicate a song", someone)).acknowledged()).content
        )
        said = await sim.say("!latency")
        await said.reply()
        await (await sim.context_menu("message", "Play this", player)).acknowledged()
        assert (await (await sim.say("!volume 30")).reply()).content == "Volume: 30 %"
        await sim.say("!volume 300")
        assert (await (await sim.say("!forget 0")).reply()).content == "Forgot Take Five."
        await sim.say("!forget 0")
        await (await sim.say("!volume 31")).reply()  # so that those before it are done
        return await bot.metrics()

    async def main() -> str:
        async with Simulator() as sim, running(sim, tmp_path / "out", *ARGUS_RUN, "examples/bot.py") as bot:
            return await tour(sim, bot)

    metrics = asyncio.run(main())
    assert counted(metrics, "discord_command_duration_seconds") == {
        ("play", "ok"),
        ("search", "ok"),
        ("lyrics", "error"),
        ("surprise", "ok"),
        ("surprise", "rejected"),
        ("playlist add", "ok"),
        ("playlist show", "ok"),
        ("latency", "ok"),
        ("Dedicate a song", "ok"),
        ("Play this", "ok"),
        ("volume", "ok"),
        ("volume", "rejected"),
        ("forget", "ok"),
        ("forget", "error"),
    }
    assert counted(metrics, "discord_interaction_duration_seconds") >= {
        ("PlayerView.skip", "ok"),
        ("PlayerView.pick", "ok"),
        ("PlayerView.feedback", "ok"),
        ("FeedbackModal", "ok"),
    }


def test_the_autosharded_example_is_observed_shard_by_shard(tmp_path: Path) -> None:
    pytest.importorskip("discord")
    from discord_simulator import Simulator

    command = (str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable)

    async def main() -> str:
        async with (
            Simulator(shards=2) as sim,
            running(sim, tmp_path / "out", *command, "examples/autosharded.py", OTEL_PYTHON_DISTRO="argus") as bot,
        ):
            answer = await (await sim.slash("shards")).acknowledged()
            assert re.fullmatch(r"shard 0: .*\nshard 1: .*", answer.content)
            return await bot.metrics()

    up = re.findall(r'^discord_shard_up\{discord_shard_id="(\d)".*\} (\S+)', asyncio.run(main()), re.MULTILINE)
    assert sorted(up) == [("0", "1.0"), ("1", "1.0")]


@pytest.mark.skipif(os.name == "nt", reason="a process that is terminated there exports nothing")
def test_the_examples_own_spans_are_where_its_docstring_draws_them(tmp_path: Path) -> None:
    pytest.importorskip("discord")
    from discord_simulator import Simulator

    async def main() -> str:
        async with (
            Simulator() as sim,
            running(sim, tmp_path / "out", *ARGUS_RUN, "examples/own_spans.py", OTEL_TRACES_EXPORTER="console") as bot,
        ):
            await (await sim.slash("forecast")).response()
            return await bot.metrics()

    metrics = asyncio.run(main())
    spans = list(json_documents((tmp_path / "out").read_text(encoding="utf-8")))
    (root,) = (span for span in spans if span["name"] == "command forecast")

    def drawn(parent, depth: int) -> Iterator[str]:
        children = [span for span in spans if span["parent_id"] == parent["context"]["span_id"]]
        for span in sorted(children, key=lambda span: span["start_time"]):
            yield f"{'    ' * depth}{span['name']}"
            yield from drawn(span, depth + 1)

    tree = ["command forecast", *drawn(root, 1)]
    docstring = (ROOT / "examples/own_spans.py").read_text(encoding="utf-8")
    for text, indent in ((docstring, "    "), (README, "")):
        block = re.search(rf"^{indent}command forecast\n(?:{indent}[├│└].*\n)+", text, re.MULTILINE)
        assert block
        assert [re.sub(r"[├│└─]", " ", line.removeprefix(indent)) for line in block[0].splitlines()] == tree
    assert re.search(r"^forecast_given_total(?:\{.*\})? 2\.0$", metrics, re.MULTILINE)


def json_documents(text: str) -> Iterator[dict]:
    """The JSON objects in a text that begin a line."""
    decoder, end = json.JSONDecoder(), 0
    for start in re.finditer(r"^\{", text, re.MULTILINE):
        if start.start() >= end:
            document, end = decoder.raw_decode(text, start.start())
            yield document


def test_the_one_line_of_the_examples_is_enough(tmp_path: Path) -> None:
    pytest.importorskip("discord")
    from discord_simulator import Simulator

    async def main() -> str:
        async with (
            Simulator() as sim,
            running(sim, tmp_path / "out", *REDIRECTED, "examples/one_line.py") as bot,
        ):
            assert (await (await sim.slash("hello")).acknowledged()).content.startswith("Hello, <@")
            return await bot.metrics()

    metrics = asyncio.run(main())
    assert counted(metrics, "discord_command_duration_seconds") == {("hello", "ok")}
    assert 'service_name="greeter"' in metrics


def test_each_fault_measured_in_other_tools_has_a_test_of_its_name() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    numbers = {int(number) for number in re.findall(r"^def test_peer_fault_(\d\d)_", tests, flags=re.MULTILINE)}
    assert numbers == set(range(1, 19))


def test_each_row_of_the_threat_table_names_the_tests_that_hold_it() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    table = text.partition("## Assets and threats")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        names = re.findall(r"`([\w/]+\.py)`", row[3])
        assert len(row) == 4, row
        assert names, f"no test holds: {row[1]}"
        for name in names:
            found = [folder / name for folder in (ROOT / "tests", SIMULATOR / "tests") if (folder / name).is_file()]
            assert len(found) == 1, name
            assert "def test_" in found[0].read_text(encoding="utf-8"), name
