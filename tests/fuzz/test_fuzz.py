import importlib
import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from wildaffect.core.errors import WildAffectError

RUN = Path(__file__).with_name("run.py")


@pytest.fixture
def harness(monkeypatch):
    """Modules of the harness by their name, as its own processes import them."""
    monkeypatch.syspath_prepend(str(RUN.parent))
    return importlib.import_module


@pytest.mark.slow
def test_spoiled_files_end_in_typed_errors_within_time_and_memory():
    wanted = ["--media", "250", "--files", "750"]
    run = subprocess.run(
        [sys.executable, str(RUN), *wanted], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    assert document["failures"] == 0
    assert set(document["targets"]) >= {"video", "artifact", "annotations", "checkpoint"}


@pytest.mark.parametrize("name", ["mutate", "mutate_lines", "mutate_json"])
def test_what_is_spoiled_follows_from_the_seed_alone(harness, name):
    change = getattr(harness("mutations"), name)
    data = json.dumps({"a": [1, {"b": "text, of\nlines"}], "c": None}, indent=1).encode()
    first, again = ([change(data, Random(seed)) for seed in range(500)] for _ in range(2))
    assert first == again
    assert sum(spoiled != data for spoiled in first) > 450


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (None, "read"),
        (WildAffectError("f: wrong"), "refused"),
        (WildAffectError("f: wrong\nin two lines"), "lines"),
        (ValueError("an untyped error"), "traceback"),
        (MemoryError(), "traceback"),
    ],
)
def test_only_results_and_typed_errors_of_one_line_pass(harness, tmp_path, error, kind):
    target = harness("target")

    def read(path):
        assert path.name == "f"
        if error is not None:
            raise error

    seed = target.Seed(files={"f": b"content"}, main="f")
    made = target.Target(name="t", make=lambda: [seed], read=read)
    made.prepare()
    outcome = harness("worker").run_case(made, 0, 0, tmp_path)
    assert outcome["kind"] == kind
    whole = harness("pool").Outcome(target="t", number=0, **outcome)
    assert whole.is_failure == (kind not in {"read", "refused"})


def test_too_much_memory_is_a_failure_whatever_came_of_it(harness):
    pool = harness("pool")
    for peak_mb, fails in ((pool.MAX_PEAK_MB, False), (pool.MAX_PEAK_MB + 1, True)):
        outcome = pool.Outcome(target="t", number=0, kind="read", peak_mb=peak_mb)
        assert outcome.is_failure is fails
