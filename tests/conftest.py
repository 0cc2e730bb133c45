import atexit
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import hypothesis
import numpy as np
import pytest
from tests.support.browser import Tab, open_tab

from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import Task

# How long an example takes says nothing about the code where a machine is shared.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")
os.environ.setdefault("OMP_NUM_THREADS", "1")
if "WILDAFFECT_CACHE" not in os.environ:  # else inherited from the process that started it
    os.environ["WILDAFFECT_CACHE"] = tempfile.mkdtemp(prefix="wildaffect-tests-")
    atexit.register(shutil.rmtree, os.environ["WILDAFFECT_CACHE"], ignore_errors=True)


# Libraries that results are compared with take seconds to import: only for the tests that
# ask for them, so that a single test starts at once.


@pytest.fixture(scope="session")
def sklearn_metrics() -> ModuleType:
    return importlib.import_module("sklearn.metrics")


@pytest.fixture(scope="session")
def timm() -> ModuleType:
    return importlib.import_module("timm")


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    return importlib.import_module("torchvision")


_FETCH = Path(__file__).parents[1] / "scripts" / "fetch_media.py"


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """Folder of real clips and photographs; for tests marked `network`.

    A test that uses it fails, and is never skipped, where they cannot be fetched.
    `WILDAFFECT_MEDIA` names another cache folder.
    """
    default = Path.home() / ".cache" / "wildaffect-media"
    folder = Path(os.environ.get("WILDAFFECT_MEDIA", default))
    fetched = subprocess.run(
        [sys.executable, str(_FETCH), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode:
        pytest.fail(f"real clips: {fetched.stderr.strip()}")
    return folder


@pytest.fixture
def takes_interrupts() -> Iterator[None]:
    """Let processes that the test starts be interrupted.

    A process inherits that SIGINT is ignored, as it is in whatever a script starts in the
    background.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def slow_waves(rng, times_s, num_columns):
    """Columns of unit spread that change within seconds, shape (T, K)."""
    rates = rng.uniform(0.02, 0.3, (6, num_columns))
    phases = rng.uniform(0, 2 * np.pi, (6, num_columns))
    return np.sin(2 * np.pi * rates * times_s[:, None, None] + phases).sum(1) / np.sqrt(3)


@pytest.fixture(scope="session")
def noisy_model() -> Callable[..., tuple[list[SequenceOutputs], dict[str, TaskColumns]]]:
    """Outputs and labels of made-up videos: the truth is slow, the model's error is not.

    Unit k is present in about one row of k + 2; the model's logits are off by `shift`.
    """

    def make(seed=0, *, num_videos=12, num_rows=300, noise=1.0, shift=0.0):
        outputs, targets = [], {}
        for video in range(num_videos):
            rng = np.random.default_rng([seed, video])
            times_s = np.cumsum(rng.choice([1, 1, 1, 2, 5], num_rows)) / 30
            waves = slow_waves(rng, times_s, 22)
            errors = np.random.default_rng([seed, video, 1]).normal(size=waves.shape)
            predicted = waves + noise * errors
            affect = np.clip(waves[:, :2] / 2, -1, 1).astype(np.float32)
            limits = np.linspace(0, 1.5, 12)
            units = (waves[:, 10:] > limits).astype(np.int8)
            logits = 3 * (predicted[:, 10:] - limits) + shift
            powers = np.exp(2 * predicted[:, 2:10])
            values = np.clip(predicted[:, :2] / 2, -1, 1).astype(np.float32)
            expression = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
            probs = {
                Task.VALENCE: values[:, 0],
                Task.AROUSAL: values[:, 1],
                Task.EXPRESSION: expression,
                Task.ACTION_UNITS: (1 / (1 + np.exp(-logits))).astype(np.float32),
            }
            name = f"video{video}"
            numbers = np.arange(1, num_rows + 1)
            outputs.append(
                SequenceOutputs(
                    video=name, frame_number=numbers, time_s=times_s, probs=probs
                )
            )
            targets[name] = TaskColumns(
                valence=TaskColumn(affect[:, 0], np.ones(num_rows, bool)),
                arousal=TaskColumn(affect[:, 1], np.ones(num_rows, bool)),
                expression=TaskColumn(waves[:, 2:10].argmax(1), rng.random(num_rows) < 0.7),
                action_units=TaskColumn(units, np.ones(units.shape, bool)),
            )
        return outputs, targets

    return make


@pytest.fixture(scope="module")
def tab(tmp_path_factory) -> Iterator[Tab]:
    """Page of a browser; tests that use it are skipped where none is installed."""
    with open_tab(tmp_path_factory.mktemp("profile")) as page:
        yield page
