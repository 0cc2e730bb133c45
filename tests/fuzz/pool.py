"""Runs cases in a few worker processes: each is measured, none can harm the machine.

A worker is a process of `worker.py`. It stays between cases, which makes them cheap, and is
started anew when one ends it. What counts as a failure stands in `Outcome`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import Any

MAX_CPU_S = 60
MAX_PEAK_MB = 1500
_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one case."""

    target: str
    number: int
    kind: str
    """`read`, `refused` (a typed error in one line) or, failures: `traceback`, `lines` (a
    message of several), `hang`, `crash`."""
    message: str = ""
    peak_mb: float = 0.0
    """Most memory that the worker had, all libraries included."""
    cpu_s: float = 0.0

    @property
    def is_failure(self) -> bool:
        """Return whether the harness looks for such an outcome."""
        return self.kind not in {"read", "refused"} or self.peak_mb > MAX_PEAK_MB


class _Worker:
    """One process; `run` starts it where there is none."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._process: subprocess.Popen[str] | None = None

    def run(self, target: str, number: int) -> Outcome:
        process = self._process or self._start()
        assert process.stdin
        assert process.stdout
        line = ""
        try:
            process.stdin.write(json.dumps([target, number]) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            pass
        if line:
            return Outcome(target=target, number=number, **json.loads(line))
        code = process.wait()
        self._process = None
        kind = "hang" if code == -signal.SIGPROF else "crash"
        return Outcome(
            target=target, number=number, kind=kind, message=f"exit status {code}"
        )

    def close(self) -> None:
        if self._process:
            self._process.communicate()

    def _start(self) -> "subprocess.Popen[str]":
        self._process = subprocess.Popen(
            [sys.executable, str(_WORKER), str(self._seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": ""},
        )
        assert self._process.stdout
        if not self._process.stdout.readline():
            raise RuntimeError("a worker ended before its first case")
        return self._process


def run_cases(
    cases: Sequence[tuple[str, int]], *, seed: int, workers: int, stop_s: float | None
) -> Iterator[Outcome]:
    """Yield the outcomes of cases, target and number, in any order.

    Args:
        cases: In the order in which they are begun.
        seed: Of all that is random.
        workers: Processes.
        stop_s: Start no further case after so many seconds; None for no end.
    """
    waiting, lock = list(reversed(cases)), Lock()
    done: list[Outcome | RuntimeError] = []
    started_s = time.monotonic()

    def work() -> None:
        worker = _Worker(seed)
        while True:
            with lock:
                late = stop_s is not None and time.monotonic() - started_s > stop_s
                if not waiting or late:
                    break
                case = waiting.pop()
            try:
                done.append(worker.run(*case))
            except RuntimeError as error:
                with lock:
                    waiting.clear()
                done.append(error)
        worker.close()

    threads = [Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or done:
        while done:
            if isinstance(done[0], RuntimeError):
                raise done[0]
            yield done.pop(0)
        time.sleep(0.05)


def summarize(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """Return counts, peaks and times for each target."""
    summary: dict[str, dict[str, Any]] = {}
    for name in sorted({outcome.target for outcome in outcomes}):
        own = [outcome for outcome in outcomes if outcome.target == name]
        kinds = [item.kind for item in own]
        summary[name] = {
            "cases": len(own),
            **{kind: kinds.count(kind) for kind in sorted(set(kinds))},
            "peak_mb": round(max(item.peak_mb for item in own)),
            "longest_cpu_s": round(max(item.cpu_s for item in own), 2),
        }
    return summary
