"""The example of an executor, from its wheel: a third party's type of check, against servers of SMTP and IMAP."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
import trustme

from argus_otel.scrape.scraper import Scraper
from argus_otel.sources.checks import attributes, catalogue
from lab.checks_agent import ChecksAgent

from .mail_server import Mailbox, mail_server

EXAMPLE = Path(__file__).parents[2] / "examples" / "checks" / "custom_executor"
PASSWORD = "the-password-of-the-mailbox"
FILE = """\
defaults: {{interval: 2s, timeout: 3s, retries: 0}}
checks:
  post:
    mail:
      smtp: "127.0.0.1:{smtp}"
      imap: "127.0.0.1:{imap}"
      user: probe@mail.test
      password: "${{env:MAIL_PASSWORD}}"
      security: none
    expect: {{delivery: "< 2s"}}
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, and unpack it where Python finds it."""
    folder = tmp_path_factory.mktemp("executor")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=EXAMPLE, check=True, capture_output=True, timeout=60)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox("probe@mail.test", PASSWORD)


@pytest.fixture
def file(mailbox: Mailbox, tmp_path: Path) -> Iterator[Path]:
    """A file with a check of a mail server that runs."""
    with mail_server(mailbox) as (smtp, imap):
        path = tmp_path / "checks.yaml"
        path.write_text(FILE.format(smtp=smtp, imap=imap))
        yield path


@pytest.fixture
def checks(installed: Path, file: Path) -> Run:
    """Run a command of checks beside the installed example."""

    def checks(command: str, *words: str, password: str = PASSWORD, **more: str) -> subprocess.CompletedProcess[str]:
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
        return subprocess.run(
            [sys.executable, "-m", "argus_otel", "checks", command, *words],
            env={**bare, "PYTHONPATH": str(installed), "MAIL_PASSWORD": password, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return checks


def test_a_mail_that_arrives_is_good_and_is_deleted(checks: Run, file: Path, mailbox: Mailbox) -> None:
    done = checks("once", str(file), "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    (check,) = json.loads(done.stdout)["checks"]
    assert (check["name"], check["type"], check["outcome"]) == ("post", "mail", "ok")
    (message,) = mailbox.taken
    assert message_from_bytes(message)["Subject"] == "Check post of argus-otel"
    assert mailbox.arrived == {}


def test_the_password_goes_over_tls_by_default_and_to_nobody_without_it(
    checks: Run, mailbox: Mailbox, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    path = tmp_path / "tls.yaml"
    with mail_server(mailbox, context) as (smtp, imap):
        text = FILE.format(smtp=smtp, imap=imap).replace("127.0.0.1", "localhost").replace("security: none", "")
        path.write_text(text)
        refused = checks("once", str(path), "--format", "json")
        assert json.loads(refused.stdout)["checks"][0]["error_type"] == "certificate_untrusted"
        assert mailbox.logins == []
        done = checks("once", str(path), "--format", "json", SSL_CERT_FILE=str(tmp_path / "ca.pem"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert mailbox.logins == ["TLS", "TLS"]


def test_a_mail_that_does_not_arrive_is_missing(checks: Run, file: Path, mailbox: Mailbox) -> None:
    mailbox.delivers = False
    done = checks("once", str(file), "--format", "json")
    assert done.returncode == 1, done.stdout + done.stderr
    (check,) = json.loads(done.stdout)["checks"]
    assert len(mailbox.taken) == 1
    assert check["error_type"] in ("missing", "timeout"), check  # whichever notices the deadline first


def test_what_the_server_says_to_a_wrong_password_is_told_by_its_number_alone(checks: Run, file: Path) -> None:
    done = checks("once", str(file), "--format", "json", password="another-secret-password")
    assert done.returncode == 1
    assert "SMTP answers 535" in done.stdout
    assert "another-secret-password" not in done.stdout + done.stderr


def test_a_server_that_is_not_there_is_refused(checks: Run, file: Path) -> None:
    file.write_text(FILE.format(smtp=9, imap=9))
    done = checks("once", str(file), "--format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["checks"][0]["error_type"] == "refused"


def test_mistakes_in_its_options_and_conditions_are_told_with_their_places(checks: Run, file: Path) -> None:
    file.write_text(FILE.format(smtp=9, imap=9).replace("security: none", "security: off").replace('"< 2s"', '"< 2"'))
    done = checks("validate", str(file))
    assert done.returncode == 2
    assert "checks.yaml:9:17: checks.post.mail.security: " in done.stdout
    assert "checks.yaml:10:24: checks.post.expect.delivery: " in done.stdout


def test_the_schema_for_editors_and_the_explanation_know_it(checks: Run, file: Path) -> None:
    assert '"mail": {' in checks("schema").stdout
    told = checks("explain", str(file), "post")
    assert told.returncode == 0, told.stderr
    assert "probe@mail.test" in told.stdout
    assert PASSWORD not in told.stdout


def test_an_agent_runs_it_and_its_metrics_have_its_type(installed: Path, file: Path, tmp_path: Path) -> None:
    variables = {"PYTHONPATH": str(installed), "MAIL_PASSWORD": PASSWORD}
    with ChecksAgent.running(tmp_path, ["checks", "run", str(file)], **variables) as agent:

        def runs() -> float:
            metrics = Scraper(agent.url).scrape().metrics
            return metrics.by(catalogue.RUNS, attributes.TYPE, attributes.OUTCOME).get(("mail", "ok"), 0)

        agent.wait_until(agent.is_ready, "is ready")
        agent.wait_until(lambda: runs() >= 2, "has run it twice")
        phases = Scraper(agent.url).scrape().metrics.by(catalogue.PHASE_DURATION, attributes.PHASE)
        assert {phase for (phase,) in phases} == {"send", "transfer"}
        assert PASSWORD not in agent.printed()
