from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from argus_otel.testing import SourceContract, observe


def double(number: int) -> int:
    return 2 * number


def fail() -> None:
    raise LookupError


def use_a_pool() -> object:
    with ThreadPoolExecutor(max_workers=2) as pool:
        doubled = list(pool.map(double, range(5)))
        failed = pool.submit(fail)
        return doubled, repr(failed.exception()), pool.submit(sorted, [2, 1], reverse=True).result()


class TestContract(SourceContract):
    source = "executor"
    modules = ("concurrent.futures.thread", "concurrent.futures")

    def exercise(self) -> object:
        return use_a_pool()


def test_every_job_is_measured_once() -> None:
    with observe("executor") as observed:
        use_a_pool()
    durations = {
        (attributes["executor.job.name"], attributes.get("error.type")): number
        for attributes, number in observed.points()["executor.job.duration"]
    }
    assert durations == {("double", None): 5, ("fail", "LookupError"): 1, ("sorted", None): 1}
    assert observed.value("executor.job.wait") == 7
    assert observed.value("executor.job.waiting") == 0
    assert sorted(span.name for span in observed.spans()) == ["job double"] * 5 + ["job fail", "job sorted"]
    assert len(observed.rows) == 7
