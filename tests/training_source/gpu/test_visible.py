"""Which GPUs a process sees: as CUDA's documentation says, and torch reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus_otel.sources.training.gpu.visible import VARIABLE, Gpu, now, visible

A = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"
B = "GPU-8a11d1f2-11aa-4a5b-9d0e-5c2f3b1a0c44"
C = "GPU-f00dcafe-0000-4000-8000-000000000003"
PART = "MIG-1a2b3c4d-0000-5000-8000-000000000001"
OTHER_PART = "MIG-1a2b9999-0000-5000-8000-000000000002"
OLD_PART = f"MIG-{C}/1/0"

GPUS = [Gpu(A), Gpu(B), Gpu(C, (PART, OTHER_PART, OLD_PART))]


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (None, [A, B, C]),
        ("", []),
        ("-1", []),
        ("0", [A]),
        ("2,0", [C, A]),
        (" 1 , 2", [B, C]),
        ("0,-1,2", [A]),
        ("0,3,1", [A]),
        ("0,x,1", [A]),
        ("1gpu,2ampere", [B, C]),  # as strtoul reads it
        ("+1", [B]),
        ("1,1", []),
        ("NoDevFiles", []),
        (A, [A]),
        (f"{B},{A}", [B, A]),
        ("GPU-8932", [A]),
        ("GPU-89,GPU-8a", [A, B]),
        ("GPU-8", []),  # of two
        ("GPU-", []),
        ("GPU-nothing,0", []),
        (f"{A},GPU-89", []),  # one twice
        (f"{A},1", [A, B]),
        (PART, [PART]),
        ("MIG-1a2b3", [PART]),
        ("MIG-1a2b", []),
        (OLD_PART, [OLD_PART]),
        (f"{PART},{OTHER_PART}", [PART, OTHER_PART]),
        (",0", []),
        ("0,", [A]),
    ],
)
def test_what_a_process_sees(given: str | None, seen: list[str]) -> None:
    assert visible(given, GPUS) == seen


def test_a_uuid_that_another_begins_with_is_itself() -> None:
    assert visible("GPU-1", [Gpu("GPU-1"), Gpu("GPU-12")]) == ["GPU-1"]


def test_a_gpu_without_an_answer_keeps_its_index() -> None:
    gpus = [Gpu(A), Gpu(""), Gpu(C)]
    assert visible("2", gpus) == [C]
    assert visible("1,2", gpus) == []
    assert visible(None, gpus) == [A, C]


@given(st.one_of(st.none(), st.text(), st.lists(st.sampled_from(["0", "1", "-1", A, "GPU-", PART, ""])).map(",".join)))
def test_any_text_is_read(given: str | None) -> None:
    seen = visible(given, GPUS)
    assert len(set(seen)) == len(seen)
    assert set(seen) <= {A, B, C, PART, OTHER_PART, OLD_PART}


def test_the_variable_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert now() is None
    monkeypatch.setenv(VARIABLE, "")
    assert now() == ""
