"""Blinks of people who were filmed, against those counted by eye.

`blinks.csv` has the frames in which we saw both eyes closed, or nearly, in enlarged
pictures of the eyes: every frame of the short clips, every second one of the others.
Closures of more than 0.5 s, and eyes that look down, are not in it.
"""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

import wildaffect

pytestmark = [pytest.mark.e2e, pytest.mark.network]


def counted_by_eye():
    blinks = defaultdict(list)
    with (Path(__file__).parent / "blinks.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            frames = int(row["first_frame"]), int(row["last_frame"])
            blinks[row["clip"]].append(frames)
    return blinks


BY_EYE = counted_by_eye()


@pytest.mark.parametrize("clip", BY_EYE)
def test_blinks_are_those_counted_by_eye(real_clips, clip):
    result = wildaffect.analyze(real_clips / clip)
    blinks = [event for event in result.events() if event.label == "blink"]
    assert all(0.05 - 1e-6 <= blink.duration_s <= 0.5 + 1e-6 for blink in blinks)
    counted = BY_EYE[clip]
    assert abs(len(blinks) - len(counted)) <= max(2, 0.05 * len(counted))
    times_s = result.table["time_s"].to_pylist()
    step_s = times_s[1] - times_s[0]
    num_met = sum(
        any(
            blink.onset_s <= times_s[last] + step_s
            and times_s[first] - step_s < blink.offset_s
            for blink in blinks
        )
        for first, last in counted
    )
    assert num_met >= len(counted) - max(2, 0.05 * len(counted))
