"""What ``argus-otel doctor`` says of training runs where no framework is installed; see also the frameworks' tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from argus_otel.cli.doctor import examine
from argus_otel.settings import Settings
from argus_otel.sources.training.cli import doctor
from argus_otel.sources.training.gpu import gpus as gpus_module
from argus_otel.terminal.findings import Look
from argus_otel.terminal.requirements import installed_version
from lab.gpus.stand_in import compiled

Told = dict[str, tuple[str, str, str]]


def told(**variables: str) -> Told:
    """Return status, detail and remedy of each finding, by its name."""
    variables = {"ARGUS_HISTORY": "false", **variables}
    look = Look({**os.environ, **variables}, Settings.resolve(variables), network=False, status={})
    found = [finding for check in doctor.CHECKS for finding in check(look)]
    assert all(finding.group == "Training runs" for finding in found)
    return {finding.name: (finding.status.value, finding.detail, finding.remedy) for finding in found}


def install(directory: Path, name: str, module: str = "") -> None:
    """Install a distribution into a directory of packages, with one module if it has a program."""
    made = directory / f"{name.replace('-', '_')}-3.1.0.dist-info"
    made.mkdir()
    made.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 3.1.0\n")
    if module:
        directory.joinpath(f"{name}.py").write_text(module)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of packages."""
    directory = tmp_path / "packages"
    directory.mkdir()
    monkeypatch.syspath_prepend(directory)
    monkeypatch.setenv("PYTHONPATH", str(directory))
    return directory


@pytest.fixture(params=[True, False], ids=["a GPU", "no GPU"])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> bool:
    """Whether the machine looks as if it had a GPU of NVIDIA."""
    sign = tmp_path / "nvidiactl"
    if request.param:
        sign.touch()
    monkeypatch.setattr(gpus_module, "_SIGNS", (str(sign),))
    return request.param


# -- where nothing trains


def test_where_nothing_trains_little_is_said() -> None:
    assert set(told()) <= {"GPUs"}


def test_it_is_a_part_of_the_whole_report() -> None:
    found = examine({**os.environ, "ARGUS_TRAINING_TORCH": "true"}, network=False)
    assert {"own loops", "history"} <= {each.name for each in found if each.group == "Training runs"}


# -- frameworks


def test_a_framework_that_cannot_be_imported(packages: Path) -> None:
    install(packages, "keras", "raise RuntimeError('broken')")
    status, detail, remedy = told()["keras"]
    assert (status, detail) == ("warn", "it cannot be imported: RuntimeError: broken")
    assert remedy == "python -c 'import keras' shows the whole traceback"


def test_a_version_for_which_there_is_no_hook(packages: Path) -> None:
    install(packages, "keras", "__version__ = '2.15.0'")
    status, detail, remedy = told()["keras"]
    assert (status, detail) == ("warn", "keras 3.1.0 is not observed: no hook is for this version")
    assert remedy == "pip install -U keras argus-otel"


def test_a_framework_that_is_not_as_it_was(packages: Path) -> None:
    install(packages, "keras", "__version__ = '3.1.0'\nclass callbacks:\n    Callback = object\nclass Model: pass")
    found = told()
    assert found["keras"][:2] == ("warn", "keras 3.1.0: 0 of 3 patch targets exist")
    missing = [name for name in found if name.startswith("hook ")]
    assert len(missing) == 3
    assert {found[name][0] for name in missing} == {"warn"}


def test_a_framework_of_torch_without_torch(packages: Path) -> None:
    install(packages, "transformers")
    assert told()["transformers"] == ("info", "transformers 3.1.0, and no torch to train with", "")


# -- loops, history


def test_loops_of_torch(packages: Path) -> None:
    assert told(ARGUS_TRAINING_TORCH="true")["own loops"][0] == "warn"
    install(packages, "torch")
    assert told()["own loops"] == (
        "info",
        "loops of the program's own are seen only if they use argus_otel.training",
        "ARGUS_TRAINING_TORCH=true counts their steps, too",
    )
    assert told(ARGUS_TRAINING_TORCH="true")["own loops"][0] == "ok"


def test_what_is_lost_without_history(packages: Path) -> None:
    install(packages, "torch")
    status, detail, remedy = told()["history"]
    assert (status, remedy) == ("info", "set ARGUS_HISTORY=true")
    assert "curves, configurations, checkpoints and the best values of runs are not kept" in detail
    assert told(ARGUS_HISTORY="store")["history"] == ("ok", "runs and the values that they log are recorded", "")


# -- the control directory


def test_a_directory_that_others_may_write_to(tmp_path: Path) -> None:
    open_to_all = tmp_path / "control"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    status, detail, remedy = told(ARGUS_CONTROL=str(open_to_all))["control"]
    assert (status, detail) == ("fail", f"{open_to_all}: others may write to it: its mode is 0777")
    assert "mode 0700" in remedy


def test_a_directory_that_can_be_used_or_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "control"
    assert told(ARGUS_CONTROL=str(path))["control"] == ("ok", str(path), "")
    assert not path.exists()  # looking makes nothing
    path.mkdir(parents=True, mode=0o700)
    assert told(ARGUS_CONTROL=str(path))["control"] == ("ok", str(path), "")


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    tmp_path.joinpath("file").touch()
    path = tmp_path / "file" / "control"
    assert told(ARGUS_CONTROL=str(path))["control"][0] == "fail"


def test_control_that_is_switched_off() -> None:
    assert told(ARGUS_CONTROL="false")["control"] == (
        "info",
        "runs are not known on their host: argus-otel training list, stop and rerun do not find them",
        "",
    )


# -- GPUs


def test_a_machine_without_a_library_of_nvidia(driver: bool) -> None:
    status, detail, remedy = told()["GPUs"]
    assert status == ("warn" if driver else "info")
    assert detail.startswith("NVML does not work: ")
    assert bool(remedy) is driver


def test_without_the_package(driver: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(name: str) -> str | None:
        return None if name == "nvidia-ml-py" else installed_version(name)

    monkeypatch.setattr(doctor, "installed_version", installed)
    found = told().get("GPUs")
    assert found == (
        (
            "warn",
            "there is a driver of NVIDIA, and no nvidia-ml-py: no metric of the GPUs",
            "pip install 'argus-otel[gpu]'",
        )
        if driver
        else None
    )


@pytest.mark.parametrize("number", [0, 2])
def test_nvml_that_works(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    library = compiled()
    setup = f"import ctypes\nstand_in = ctypes.CDLL({str(library)!r})\nstand_in.argus_reset(0)\n"
    for place in range(number):
        setup += f"stand_in.argus_add(b'GPU-{place}', -1, 50, *map(ctypes.c_ulonglong, (1, 2)), 65, 250)\n"
    monkeypatch.setattr(doctor, "_NVML", setup + doctor._NVML)
    status, detail, _ = told(LD_LIBRARY_PATH=str(library.parent), CUDA_VISIBLE_DEVICES="0")["GPUs"]
    assert status == ("ok" if number else "info")
    assert detail == f"{number} by NVML; the program sees CUDA_VISIBLE_DEVICES='0'"
