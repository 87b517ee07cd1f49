"""``argus-otel doctor`` finds the hooks' targets in the frameworks themselves."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .programs import environment


@pytest.mark.parametrize(
    ("name", "libraries"),
    [
        ("keras", {"keras"}),
        ("keras-oldest", {"keras"}),
        ("torch", {"lightning", "pytorch-lightning", "transformers"}),
        ("torch-oldest", {"pytorch-lightning", "transformers"}),
    ],
)
def test_all_hooks_have_targets(name: str, libraries: set[str], tmp_path: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ARGUS_", "OTEL_", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [environment(name), "-m", "argus_otel", "doctor", "--json", "--no-network"],
        env={**kept, "HOME": str(tmp_path), "KERAS_BACKEND": "jax", "HF_HUB_OFFLINE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    found = {each["name"]: each for each in report["findings"] if each["group"] == "Training runs"}
    assert {library: found[library]["status"] for library in libraries} == dict.fromkeys(libraries, "ok")
    assert not [each for each in found if each.startswith("hook ")]
    assert found["history"]["status"] == "info"
    assert found["control"]["detail"] == f"{tmp_path}/.argus/control"
