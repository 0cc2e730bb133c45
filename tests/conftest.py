import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# How long an example takes says nothing about the code where a machine is shared.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")
os.environ.setdefault("OMP_NUM_THREADS", "1")

_FETCH = Path(__file__).parents[1] / "scripts" / "fetch_media.py"


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """Folder of real clips and photographs; for tests marked `network`.

    A test that asks for it fails, and is never skipped, where they cannot be fetched.
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
