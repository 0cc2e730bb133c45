from collections import deque
from dataclasses import dataclass

import pytest

from wildaffect.core.errors import UsageError, WildAffectError
from wildaffect.engines.choose import choose_engine, cluster_of
from wildaffect.engines.engine import InProcess, Refusal, run_jobs
from wildaffect.engines.processes import Processes


@dataclass(frozen=True)
class Doubling:
    """A plan whose jobs are numbers and whose outcomes are twice those."""

    num_threads: int = 1

    def worker(self):
        return self

    def run(self, job, on_frame):
        on_frame(job, None, job)
        return 2 * job

    def worker_died(self, job, how):
        return f"{job} {how}"


def outcomes(waiting, on_outcome=lambda job: None):
    seen = []
    found = []
    engine = InProcess(Doubling().worker)
    for job, outcome in run_jobs(waiting, engine, lambda job, *_: seen.append(job)):
        found.append((job, outcome))
        on_outcome(job)
    assert seen == [job for job, _ in found]
    return found


def test_every_job_ends_with_its_outcome_in_order():
    assert outcomes(deque([1, 2, 3])) == [(1, 2), (2, 4), (3, 6)]


def test_a_caller_repeats_a_job_or_starts_no_more():
    waiting = deque([1, 2, 3])
    again = [1]
    repeat = lambda job: waiting.extend([again.pop()] if job == 1 and again else [])  # noqa: E731
    assert [job for job, _ in outcomes(waiting, repeat)] == [1, 2, 3, 1]
    waiting = deque([1, 2, 3])
    assert outcomes(waiting, lambda job: waiting.clear()) == [(1, 2)]


def test_a_refusal_is_raised_as_the_kind_of_error_that_it_was():
    with pytest.raises(UsageError, match="a flag"):
        raise Refusal.of(UsageError("a flag")).error()
    error = Refusal.of(WildAffectError("a file")).error()
    assert (type(error), str(error)) == (WildAffectError, "a file")


def test_one_worker_is_this_process_and_more_are_processes():
    assert isinstance(choose_engine(Doubling(), 1, None), InProcess)
    assert isinstance(choose_engine(Doubling(), 2, None), Processes)
    with pytest.raises(UsageError, match="workers: must be at least 1, got 0"):
        choose_engine(Doubling(), 0, None)


def test_an_address_is_that_of_ray():
    assert cluster_of("local", "local") is None
    assert cluster_of("ray", "local") == "local"
    assert cluster_of("ray", "head:6379") == "head:6379"
    with pytest.raises(UsageError, match="--address auto: only valid with --engine ray"):
        cluster_of("local", "auto")
