"""From a person's command, through a ClickHouse server and an agent, to a run in a process of its own."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from argus_otel.sources.training.control import files
from argus_otel.sources.training.control.directory import ControlDirectory
from lab.clickhouse import ClickHouse
from lab.processes import wait_until

from .conftest import HOST, ISSUER, KEY, NAME, migrated
from .programs import AgentProcess, Training, argus


class Place:
    """A host with an agent process and a training process, and a server between it and people."""

    def __init__(self, directory: Path, server: ClickHouse, name: str) -> None:
        self.directory = directory
        self.server = server
        self.address = migrated(server, name)
        self.control = directory / "control"
        self.agent = AgentProcess(directory)
        self.training = Training(directory)

    def configure(self, more: str = "") -> Path:
        key = self.directory / "agent.key"
        key.write_bytes(KEY)
        key.chmod(0o600)
        file = self.directory / "agent.toml"
        file.write_text(
            f'host = "{HOST}"\ninterval = 1\nusers = ["{ISSUER}"]\nstate = "{self.directory}/state"\n{more}\n'
        )
        file.chmod(0o600)
        return file

    def start(self, more: str = "") -> None:
        self.agent.start(self.configure(more), self.control, self.address)

    def ask(self, *words: object):
        command, *rest = words
        return argus("training", command, "--wait", "90", *rest, "--store", self.address, "--host", HOST)

    def known(self):
        return ControlDirectory(self.control).run(self.training.run_id)


@pytest.fixture
def place(tmp_path: Path, server: ClickHouse, request: pytest.FixtureRequest) -> Iterator[Place]:
    made = Place(tmp_path, server, request.node.name)
    yield made
    made.agent.kill()
    made.training.kill()


def test_a_run_is_stopped_from_elsewhere(place: Place, record_property: pytest.RecordProperty) -> None:
    place.training.start(place.control)
    place.start()
    begun = time.monotonic()
    asked = place.ask("stop", place.training.run_id)
    assert asked.returncode == 0, asked
    assert place.training.wait() == 0
    took = time.monotonic() - begun
    assert re.search(rf"^accepted by {NAME} after [\d.]+ s", asked.stdout, re.MULTILINE), asked.stdout
    said = rf"^done by {NAME} after ([\d.]+) s, at step [\d,]+: it has ended: stopped"
    done = re.search(said, asked.stdout, re.MULTILINE)
    assert done, asked.stdout
    record_property("seconds from request to stop", float(done[1]))
    print(f"stopped {done[1]} s after the request ({took:.1f} s with the command's start), polling each second")
    assert float(done[1]) < 15
    known = place.known()
    assert known is not None
    assert known.outcome == "stopped"
    status, metrics = place.agent.get("/metrics")
    assert status == 200
    assert re.search(r'^training_agent_commands_total\{[^}]*result="done"[^}]*\} 1.0$', metrics, re.MULTILINE), metrics
    assert re.search(r"^training_agent_poll_time_seconds(\{[^}]*\})? 1\.\d+e\+09$", metrics, re.MULTILINE)
    assert place.agent.section()["commands"] == {"done": 1, "refused": 0, "expired": 0}


def test_a_run_that_ignores_a_stop_is_ended_with_now(place: Place) -> None:
    place.training.script.write_text(place.training.script.read_text().replace("if run.should_stop", "if False"))
    place.training.start(place.control)
    place.start()
    asked = place.ask("stop", place.training.run_id, "--now", "--grace", "10")
    assert asked.returncode == 0, asked
    assert "after SIGTERM" in asked.stdout
    place.training.wait()


def test_signed_commands_only(place: Place) -> None:
    place.training.start(place.control)
    place.start('key_file = "agent.key"')
    assert place.ask("stop", place.training.run_id).returncode == 1
    other = place.directory / "other.key"
    other.write_bytes(KEY[::-1])
    assert "refused" in place.ask("stop", place.training.run_id, "--key-file", other).stdout
    asked = place.ask("stop", place.training.run_id, "--key-file", place.directory / "agent.key")
    assert asked.returncode == 0, asked
    assert place.agent.section()["commands"] == {"done": 1, "refused": 2, "expired": 0}


def test_a_run_is_started_again_without_the_agents_password(place: Place) -> None:
    script = place.training.script
    script.write_text("import os\nprint(sorted(os.environ.items()), flush=True)\n" + script.read_text())
    place.training.start(place.control, OTEL_SERVICE_NAME="project")
    place.start("allow_rerun_of_own_runs = true")
    running = place.ask("rerun", place.training.run_id)
    assert (running.returncode, "still goes on" in running.stdout) == (1, True), running
    assert place.ask("stop", place.training.run_id).returncode == 0
    place.training.wait()
    again = place.ask("rerun", place.training.run_id)
    assert again.returncode == 0, (again, place.agent.printed())
    known = wait_until(place.known, "the run is known")
    assert (known.attempt, known.state, known.project) == (2, "running", "project")
    [output] = place.control.glob("*.out")
    assert place.server.password not in output.read_text()
    limited = place.ask("rerun", place.training.run_id)
    assert limited.returncode == 1
    assert place.ask("stop", place.training.run_id).returncode == 0


def test_a_recipe_is_started_and_its_run_is_named(place: Place) -> None:
    script, python = place.training.script, sys.executable
    place.start(
        f'[recipes.loop]\nargv = ["{python}", "-m", "argus_otel", "run", "{script}", "--lr={{lr}}"]\ncwd = "/"\n'
        '[recipes.loop.arguments]\nlr = { pattern = "[0-9.]+" }\n'
    )
    asked = place.ask("rerun", "--recipe", "loop", "--argument", "lr=0.1")
    assert asked.returncode == 0, asked
    found = re.search(r", run ([0-9a-f-]{36}): pid", asked.stdout)
    assert found, asked.stdout
    place.training.run_id = found[1]
    known = wait_until(place.known, "the run is known")
    assert known.argv[-1] == "--lr=0.1"
    assert place.ask("stop", place.training.run_id).returncode == 0


def test_an_agent_goes_on_while_the_store_is_away(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with ClickHouse.running_in(tmp_path / "data") as server:
        place = Place(tmp_path, server, request.node.name)
        try:
            place.training.start(place.control)
            place.start()
            server.stop()
            wait_until(lambda: place.agent.section()["store_error"], "the agent notices")
            assert server.password not in json.dumps(place.agent.section())
            away = place.ask("stop", place.training.run_id)
            assert away.returncode == 1
            assert "does not answer" in away.stderr
            server.start()
            asked = place.ask("stop", place.training.run_id)
            assert asked.returncode == 0, asked
            assert place.training.wait() == 0
            assert place.agent.section()["store_error"] == ""
            assert place.agent.running
        finally:
            place.agent.kill()
            place.training.kill()


def test_the_answer_reaches_the_store_that_went_away_meanwhile(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with ClickHouse.running_in(tmp_path / "data") as server:
        place = Place(tmp_path, server, request.node.name)
        try:
            place.training.start(place.control)
            place.start()
            asked = place.ask("stop", place.training.run_id, "--wait", "0")
            assert asked.returncode == 0
            database = place.address.rpartition("/")[2]
            answers = "select result from training_command_acks order by result"
            place.agent.wait_until(lambda: server.rows(answers, database), "has accepted it")
            server.stop()
            place.training.wait()
            server.start()
            done = [["accepted"], ["done"]]
            wait_until(lambda: server.rows(answers, database) == done, "the answer is there", 60)
        finally:
            place.agent.kill()
            place.training.kill()


def test_a_killed_agent_takes_up_what_it_had_not_taken_up_and_no_more(place: Place) -> None:
    place.training.start(place.control)
    place.start()
    place.agent.kill()
    asked = place.ask("stop", place.training.run_id, "--wait", "0")
    assert asked.returncode == 0
    place.start()
    assert place.training.wait() == 0
    for _ in range(2):
        place.agent.kill()
        place.start()
    database = place.address.rpartition("/")[2]
    assert place.server.rows("select result from training_command_acks order by result", database) == [
        ["accepted"],
        ["done"],
    ]


def test_runs_that_are_lost_are_recorded(place: Place) -> None:
    place.training.start(place.control)
    place.training.kill()
    place.start()
    path = place.control / f"{place.training.run_id}.json"
    wait_until(lambda: (files.read(path) or {}).get("lost", {}).get("told"), "the run is told of as lost", 60)


def test_agents_are_listed(place: Place) -> None:
    place.start('key_file = "agent.key"\n[recipes.one]\nargv = ["/bin/true"]\ncwd = "/"')
    wait_until(lambda: argus("training", "agents", "--store", place.address).stdout.count(NAME), "the agent is heard")
    [agent] = json.loads(argus("training", "agents", "--format", "json", "--store", place.address).stdout)
    assert (agent["agent"], agent["host"], agent["recipes"], agent["signed"]) == (NAME, HOST, ["one"], True)
    assert 0 <= agent["silent"] < 30


def test_a_signal_ends_the_agent(place: Place) -> None:
    place.start()
    place.agent.stop()
    assert "Traceback" not in place.agent.printed()
