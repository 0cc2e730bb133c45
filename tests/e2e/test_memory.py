"""Memory does not grow with the length of a video."""

import re

import pytest

# Not `ru_maxrss`: a program that another one starts begins with the peak of that one.
REPORT = """
import atexit, re, sys
from pathlib import Path
def report():
    status = Path("/proc/self/status").read_text()
    print("peak", re.search(r"VmHWM:\\s+(\\d+)", status)[1], file=sys.stderr)
atexit.register(report)
"""


@pytest.mark.e2e
@pytest.mark.slow
def test_ten_times_the_length_takes_the_same_memory(
    portrait_views, save_clip, tmp_path, in_child
):
    peaks = []
    for times in (2, 20):
        clip = save_clip(tmp_path / f"{times}.mp4", portrait_views(50) * times)
        arguments = ["analyze", clip, "-o", tmp_path / "out", "--quiet"]
        child = in_child(*arguments, before=REPORT)
        _, err = child.communicate()
        assert child.returncode == 0
        peaks.append(int(re.search(r"peak (\d+)", err)[1]))
    assert peaks[1] < 1.1 * peaks[0]
