"""What an agent must not do, whoever may write to the store: each is refused, acknowledged and counted."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.errors import StoreError
from argus_otel.history.store.schema import Layout, Schema
from argus_otel.sources.training.agent.agent_file import read
from argus_otel.sources.training.agent.commands import Request, Result
from argus_otel.sources.training.agent.judging import Judge, Start
from argus_otel.sources.training.history import MODEL
from argus_otel.sources.training.history.commands import Answered

from .conftest import HOST, ISSUER, KEY, NAME, Host, later


@pytest.fixture
def store(address: str):
    with connect(address) as opened:
        yield opened


def refused(host: Host, request: Request, why: str, kind: str = "") -> Answered:
    """Let the agent work, and assert that it refused: with an answer, a count, and nothing done."""
    answer = host.last_answer(request)
    assert answer.result is Result.REFUSED
    assert answer.agent == NAME
    assert answer.reason
    assert host.counted() == {(kind or request.kind, "refused", why): 1}
    assert [each.result for each in host.answers(request)] == [Result.REFUSED]  # never accepted
    return answer


def programs(host: Host) -> list[subprocess.Popen[bytes]]:
    """The programs that the agent has started."""
    assert host.agent is not None
    return list(host.agent._actions._programs.values())


# -- who issued it


@pytest.mark.parametrize("setting", ["", "settings insert_allow_materialized_columns = 1"])
def test_an_insert_cannot_say_who_issued_it_nor_when(store: Store, host: Host, setting: str) -> None:
    request = host.request(run_id=host.run())
    for column, value in (("issued_by", "'root'"), ("issued_at", "toDateTime64('2031-01-01 00:00:00', 6)")):
        with pytest.raises(StoreError):
            store.command(
                f"insert into training_commands (id, kind, host, run_id, {column}) {setting}"
                f" select {{id:UUID}}, 'stop', {{host:String}}, {{run:String}}, {value}",
                {"id": request.id, "host": HOST, "run": request.run_id},
            )
    assert store.query("select count() from training_commands") == [(0,)]


@pytest.mark.parametrize("column", ["written_by", "stored"])
def test_an_answer_names_the_user_that_wrote_it(store: Store, host: Host, column: str) -> None:
    host.people.acknowledge(host.request().id, NAME, HOST, Result.DONE, "", "", None)
    assert store.query("select written_by from training_command_acks") == [(ISSUER,)]
    with pytest.raises(StoreError):
        store.command(
            f"insert into training_command_acks (id, {column}) select generateUUIDv4(), '2026-12-01 00:00:00'"
        )


def test_on_a_cluster_no_other_user_than_the_persons_inserts_commands() -> None:
    """Through a distributed table, it would be the user of the cluster's own connections."""
    schema = Schema((MODEL,))
    step = next(each for each in schema.migrations if each.name == "commands")
    statements = schema.statements(step, Layout("argus", "production"), {})
    assert len(statements) == 3
    for statement in statements:
        assert "on cluster `production`" in statement
        assert (
            "engine = ReplicatedMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}')"
            in statement
        )


def test_a_user_who_is_not_listed_stops_nothing(host: Host) -> None:
    host.configure(users=["ada"])
    host.start()
    run = host.run()
    answer = refused(host, host.ask(run_id=run), "user")
    assert "users" in answer.reason
    assert host.commands_of(run) is None


def test_a_user_whom_a_recipe_does_not_list_does_not_start_it(host: Host) -> None:
    host.configure(recipes='[recipes.sleep]\nargv = ["/bin/sleep", "9"]\ncwd = "/"\nusers = ["ada"]\n')
    host.start()
    refused(host, host.ask("rerun", recipe="sleep"), "user")


# -- once, and in time


def test_an_expired_command_is_told_so(host: Host) -> None:
    host.start()
    request = host.issue(later(host.request(run_id=host.run()), -timedelta(minutes=11)))
    assert host.last_answer(request).result is Result.EXPIRED
    assert host.counted() == {("stop", "expired"): 1}
    assert host.commands_of(request.run_id) is None


def test_a_command_that_holds_for_ever_is_refused(host: Host) -> None:
    host.start()
    refused(host, host.issue(later(host.request(run_id=host.run()), timedelta(days=2))), "lifetime")


def test_an_id_is_acted_on_once_whoever_sends_it_again(host: Host) -> None:
    host.start()
    request = host.request("rerun", recipe="sleep", seconds="0")
    host.issue(request)
    assert host.last_answer(request).result is Result.DONE
    for again in (request, replace(request, run_id="", arguments={"seconds": "1"})):
        host.issue(again)
        host.work()
    host.work()
    results = [each.result for each in host.answers(request)]
    assert results == [Result.ACCEPTED, Result.DONE, Result.REFUSED, Result.REFUSED]
    assert host.counted() == {("rerun", "done"): 1, ("rerun", "refused", "replay"): 2}


def test_a_restart_replays_nothing(host: Host) -> None:
    host.start()
    done = host.ask("rerun", recipe="sleep", seconds="0")
    wrong = host.ask("rerun", recipe="none")
    host.last_answer(done)
    host.last_answer(wrong)
    for _ in range(2):
        host.start()
        host.work()
        assert host.counted() == {}
    assert len(host.answers(done)) == 2
    assert len(host.answers(wrong)) == 1
    assert len(list((host.state / "outputs").iterdir())) == 1


def test_a_command_that_a_killed_agent_had_taken_up_is_not_repeated(host: Host) -> None:
    agent = host.start()
    request = host.ask("rerun", recipe="sleep", seconds="0")
    journal = agent._journal
    [command] = host.people.pending([HOST], request.expires - timedelta(hours=1))
    journal.take_up(request.id, command.digest, command.issued_at)  # and the power fails
    host.start()
    answer = host.last_answer(request)
    assert answer.result is Result.REFUSED
    assert "not repeated" in answer.reason
    assert not list((host.state / "outputs").iterdir())


def test_without_its_journal_an_agent_takes_up_nothing_that_was_issued_before(host: Host) -> None:
    host.start()
    request = host.ask("rerun", recipe="sleep", seconds="0")
    host.last_answer(request)
    host.end()
    (host.state / "journal.jsonl").unlink()
    host.start()
    assert host.counted() == {("rerun", "refused", "early"): 1}
    assert len(list((host.state / "outputs").iterdir())) == 1


def test_nothing_is_done_while_the_journal_cannot_be_written(host: Host) -> None:
    agent = host.start()
    journal = agent._journal
    kept, journal._file = journal._file, os.open("/dev/full", os.O_WRONLY)
    request = host.ask("rerun", recipe="sleep", seconds="0")
    host.work()
    host.work()
    assert host.answers(request) == []
    assert "journal" in host.telemetry.health.describe()["training agent"]["journal_error"]
    os.close(journal._file)
    journal._file = kept
    assert host.last_answer(request).result is Result.DONE


# -- what it asks for


@pytest.mark.parametrize(
    ("recipe", "why"),
    [
        ("none", "recipe"),
        ("../sleep", "recipe"),
        ("sleep/../sleep", "recipe"),
        ("recipes.sleep", "recipe"),
        ("SLEEP", "recipe"),
        ("sleep\0", "recipe"),
        ("/bin/sleep", "recipe"),
    ],
)
def test_what_the_file_does_not_list_is_not_started(host: Host, recipe: str, why: str) -> None:
    host.start()
    refused(host, host.ask("rerun", recipe=recipe, seconds="1"), why)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"seconds": ""},
        {"seconds": "1; touch /tmp/x"},
        {"seconds": "1\n"},
        {"seconds": "100"},
        {"seconds": "--help"},
        {"seconds": "\u0661"},
        {"seconds": "1\0"},
        {"seconds": "1", "other": "1"},
        {"seconds": "1", "cwd": "/srv"},
        {"seconds": "1" * 20_000},
    ],
)
def test_arguments_beyond_the_pattern_are_refused(host: Host, arguments: dict[str, str]) -> None:
    host.start()
    answer = refused(host, host.ask("rerun", recipe="sleep", **arguments), "arguments")
    assert len(answer.reason) < 400
    assert not list((host.state / "outputs").iterdir())


@pytest.mark.parametrize("path", ["../{}", "./{}", "{}.json", "{}/../{}", "/etc/passwd", "", "{}\0", "*", "{}\n"])
def test_tricks_with_paths_in_the_ids_of_runs_lead_nowhere(host: Host, path: str) -> None:
    host.start()
    run = host.run()
    refused(host, host.ask(run_id=path.format(run, run)), "run")
    assert host.commands_of(run) is None


def test_a_run_of_another_user_or_host_is_not_known(host: Host) -> None:
    host.start()
    answer = refused(host, host.ask(run_id="5f0c7c52-8d1e-44aa-9b1c-0d6f3a1e2b4c"), "run")
    assert "knows no such run" in answer.reason


@pytest.mark.parametrize(
    "arguments", [{"now": "yes"}, {"grace": "-1"}, {"grace": "nan"}, {"grace": "1e9"}, {"signal": "9"}, {"pid": "1"}]
)
def test_a_stop_takes_no_other_arguments(host: Host, arguments: dict[str, str]) -> None:
    host.start()
    refused(host, host.ask(run_id=host.run(), **arguments), "arguments")


def test_a_run_is_not_started_again_unless_the_file_allows_it(host: Host) -> None:
    host.start()
    refused(host, host.ask("rerun", host.run("ended")), "off")


def test_a_run_and_a_recipe_at_once_are_refused(host: Host) -> None:
    host.start()
    refused(host, host.ask("rerun", host.run("ended"), "sleep", seconds="1"), "kind")


def test_no_more_runs_go_on_than_the_file_allows(host: Host) -> None:
    host.configure("max_running = 2")
    host.start()
    host.run()
    first = host.ask("rerun", recipe="sleep", seconds="30")
    assert host.last_answer(first).result is Result.DONE
    second = host.ask("rerun", recipe="sleep", seconds="30")
    answer = host.last_answer(second)
    assert answer.result is Result.REFUSED
    assert "max_running is 2" in answer.reason
    assert host.counted() == {("rerun", "done"): 1, ("rerun", "refused", "limit"): 1}
    [kept] = programs(host)
    os.killpg(kept.pid, signal.SIGKILL)
    kept.wait()
    third = host.ask("rerun", recipe="sleep", seconds="0")
    assert host.last_answer(third).result is Result.DONE


def test_many_commands_at_once_start_no_more_than_that(host: Host) -> None:
    host.start()
    asked = [host.ask("rerun", recipe="sleep", seconds="20") for _ in range(5)]
    results = [host.last_answer(each).result for each in asked]
    assert results.count(Result.DONE) == 1
    assert results.count(Result.REFUSED) == 4
    [program] = programs(host)
    program.kill()
    program.wait()


def test_what_is_about_to_be_started_counts_at_once(host: Host) -> None:
    actions = host.start()._actions
    recipe = read(host.file).recipes["sleep"]
    starts = [Start(str(uuid4()), "sleep", recipe, recipe.command_line({"seconds": "0"})) for _ in range(2)]
    for number, each in enumerate(starts, 1):
        actions.reserve(each)
        assert actions.going_on() == number
    actions.act(starts[0], "ada", lambda _: None)
    assert actions.going_on() == 1


def test_a_value_cannot_become_an_option_whatever_the_pattern_says(host: Host) -> None:
    host.configure(
        recipes='[recipes.echo]\nargv = ["/bin/echo", "{text}", "--text={text}"]\ncwd = "/"\n'
        '[recipes.echo.arguments]\ntext = { pattern = ".*" }\n'
    )
    host.start()
    answer = refused(host, host.ask("rerun", recipe="echo", text="--help"), "arguments")
    assert "would be an option" in answer.reason
    assert host.last_answer(host.ask("rerun", recipe="echo", text="-1.5e-3")).result is Result.DONE


def test_a_fault_of_ours_refuses_one_command_and_the_agent_goes_on(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.start()
    with monkeypatch.context() as broken:
        broken.setattr(Judge, "judge", lambda *_: 1 / 0)
        refused(host, host.ask("rerun", recipe="sleep", seconds="0"), "failed")
    assert host.last_answer(host.ask("rerun", recipe="sleep", seconds="0")).result is Result.DONE


def test_a_control_directory_that_others_may_write_to_is_not_used(host: Host) -> None:
    host.start()
    run = host.run()
    host.control.path.chmod(0o777)
    answer = refused(host, host.ask(run_id=run), "control")
    assert "others may write" in answer.reason
    host.control.path.chmod(0o700)


def test_a_command_for_another_host_is_not_read(host: Host) -> None:
    host.start()
    request = host.issue(replace(host.request(run_id=host.run()), host="gpu-8"))
    host.work()
    assert host.answers(request) == []
    assert host.counted() == {}


# -- signatures


@pytest.fixture
def signing(host: Host) -> Host:
    host.configure(f'key_file = "{host.key_file}"')
    host.start()
    return host


def test_a_signed_command_is_done(signing: Host) -> None:
    request = signing.issue(signing.request("rerun", recipe="sleep", seconds="0"), KEY)
    assert signing.last_answer(request).result is Result.DONE


def test_a_command_without_a_signature_is_refused(signing: Host) -> None:
    answer = refused(signing, signing.ask("rerun", recipe="sleep", seconds="0"), "signature")
    assert "not signed" in answer.reason


@pytest.mark.parametrize("signature", ["0" * 64, "x", "ä" * 64, "0" * 20_000])
def test_a_wrong_signature_is_refused(signing: Host, signature: str) -> None:
    request = signing.request("rerun", recipe="sleep", seconds="0")
    signing.people.issue(request, signature)
    refused(signing, request, "signature")


def test_a_signature_by_another_key_is_refused(signing: Host) -> None:
    request = signing.request("rerun", recipe="sleep", seconds="0")
    refused(signing, signing.issue(request, KEY[::-1]), "signature")


@pytest.mark.parametrize("field", ["id", "kind", "host", "run_id", "recipe", "arguments", "expires"])
def test_a_signature_covers_every_field(signing: Host, field: str) -> None:
    signed = signing.request("rerun", recipe="sleep", seconds="0")
    other = signing.request("stop", signing.run(), "", seconds="1", now="true")
    changes = {"expires": signed.expires + timedelta(milliseconds=1), "host": NAME}
    changed = replace(signed, **{field: changes.get(field, getattr(other, field))})
    signing.people.issue(changed, signed.signed_with(KEY))
    refused(signing, changed, "signature", changed.kind)


def test_words_of_arguments_cannot_be_moved_under_a_signature(host: Host) -> None:
    texts = [{"a": "b", "c": "d"}, {"a": 'b","c":"d'}, {"ab": "cd"}, {"a": "bcd"}, {}]
    base = host.request()
    assert len({replace(base, arguments=each).signed_with(KEY) for each in texts}) == len(texts)


# -- what it starts gets


def test_what_is_started_has_no_credentials_and_no_shell(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_HISTORY_STORE", host.address)
    monkeypatch.setenv("HF_HOME", "/models")
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    host.configure(
        recipes='[recipes.show]\nargv = ["/usr/bin/env"]\ncwd = "/"\nenvironment = ["HF_HOME"]\n'
        '[recipes.words]\nargv = ["/bin/echo", "{text}", "-{text}-"]\ncwd = "/"\n'
        '[recipes.words.arguments]\ntext = { pattern = ".*" }\n'
    )
    host.start()
    answer = host.last_answer(host.ask("rerun", recipe="show"))
    assert answer.result is Result.DONE
    [output] = (host.state / "outputs").iterdir()
    found = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert found["HF_HOME"] == "/models"
    assert found["ARGUS_TRAINING_RUN"] == answer.run_id
    assert found["ARGUS_CONTROL"] == str(host.control.path)
    assert not {"ARGUS_HISTORY_STORE", "SECRET_TOKEN", "PYTHONPATH"} & found.keys()
    assert output.stat().st_mode & 0o777 == 0o600
    output.unlink()
    text = "$(id) `id` ; id | id > x 'q' \"r\" {text}"
    host.last_answer(host.ask("rerun", recipe="words", text=text))
    [output] = (host.state / "outputs").iterdir()
    assert output.read_text() == f"{text} -{text}-\n"


def test_what_is_started_outlives_the_agent(host: Host) -> None:
    host.start()
    assert host.last_answer(host.ask("rerun", recipe="sleep", seconds="20")).result is Result.DONE
    [program] = programs(host)
    assert os.getsid(program.pid) == program.pid
    host.end()
    assert program.poll() is None
    program.kill()
    program.wait()


def test_a_program_that_ends_at_once_was_not_started(host: Host) -> None:
    host.configure(
        recipes='[recipes.false]\nargv = ["/bin/false"]\ncwd = "/"\n[recipes.gone]\nargv = ["/no"]\ncwd = "/"\n'
    )
    host.start()
    assert "status 1" in host.last_answer(host.ask("rerun", recipe="false")).reason
    assert "No such file" in host.last_answer(host.ask("rerun", recipe="gone")).reason
    assert host.counted() == {("rerun", "refused", "failed"): 2}


def test_signatures_are_compared_in_constant_time() -> None:
    from argus_otel.sources.training.agent import commands

    assert "compare_digest" in commands.Issued.is_signed_with.__code__.co_names
