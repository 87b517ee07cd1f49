"""A loss that is not a number, from the loop that logs it to all that show it: it is never hidden, and never 0."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from argus_otel.cli import main
from argus_otel.history.store.client import connect
from argus_otel.sources.training.history import History
from lab.clickhouse import ClickHouse
from tests.otel.receivers import Received, attributes, grpc_receiver

PROGRAM = """
import json, math, urllib.request
from argus_otel import training
from argus_otel.runtime import runtime

def page(path):
    return urllib.request.urlopen(runtime().endpoint_url + path).read().decode()

with training.run("net", model="Net") as run:
    for step in range(20):
        run.log(loss=math.nan if step >= 15 else 1 / (step + 1), high=math.inf, low=-math.inf, lr=0.1, step=step)
    print("TOLD", json.dumps({"run": run.id, "metrics": page("/metrics"), "page": page("/")}))
"""

LAST = {"loss": math.nan, "high": math.inf, "low": -math.inf, "lr": 0.1}


class Trained(NamedTuple):
    """What a program that trains has told itself, what has been received of it, and where its history is."""

    told: dict[str, Any]
    received: Received
    store: str


@pytest.fixture(scope="module")
def trained(server: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    directory = tmp_path_factory.mktemp("not finite")
    script, store = directory / "train.py", server.dsn("not_finite")
    script.write_text(PROGRAM, encoding="utf-8")
    assert main(["store", "migrate", "--store", store]) == 0
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ARGUS_", "OTEL_"))}
    for received in grpc_receiver():
        done = subprocess.run(
            [sys.executable, "-m", "argus_otel", "run", str(script)],
            capture_output=True, text=True, timeout=120, check=False,
            env={
                **kept,
                "ARGUS_ENDPOINT_PORT": "0",
                "ARGUS_HISTORY": "store",
                "ARGUS_HISTORY_SPOOL": str(directory / "spool"),
                "ARGUS_HISTORY_STORE": store,
                "HOME": str(directory),
                "OTEL_EXPORTER_OTLP_ENDPOINT": received.url,
            },
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        line = next(line for line in done.stdout.splitlines() if line.startswith("TOLD "))
        yield Trained(json.loads(line.removeprefix("TOLD ")), received, store)


def same(ours: dict[str, float]) -> bool:
    """Whether these are the last values."""
    return ours == pytest.approx(LAST, nan_ok=True)


def test_on_the_page(trained: Trained) -> None:
    lines = [line for line in trained.told["metrics"].splitlines() if line.startswith("training_value{")]
    values = {line.partition('argus_training_metric="')[2].partition('"')[0]: line.split()[-1] for line in lines}
    assert values == {"loss": "NaN", "high": "+Inf", "low": "-Inf", "lr": "0.1"}
    assert "</html>" in trained.told["page"]


def test_over_otlp(trained: Trained) -> None:
    last: dict[str, float] = {}
    for _, _, metric in trained.received.metric_points():
        if metric.name == "training.value":
            for point in metric.gauge.data_points:
                last[str(attributes(point.attributes)["argus.training.metric"])] = point.as_double
    assert same(last)


def test_in_the_curve(trained: Trained) -> None:
    run = trained.told["run"]
    with connect(trained.store) as store:
        curve = History(store).curve(run, "loss", points=4)
        assert [point.nonfinite for point in curve.points] == [0, 0, 0, 5]
        assert curve.points[0].mean == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 5)
        assert curve.points[-1].mean is None or math.isnan(curve.points[-1].mean)
        assert {name: History(store).curve(run, name, points=1).points[0].nonfinite for name in LAST} == {
            "loss": 5,
            "high": 20,
            "low": 20,
            "lr": 0,
        }


def test_in_the_drawing_of_the_curve(trained: Trained, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["training", "curves", trained.told["run"], "loss", "--store", trained.store]) == 0
    assert "5 values are NaN or infinite" in capsys.readouterr().out
