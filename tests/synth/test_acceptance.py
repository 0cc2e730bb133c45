"""What every preset writes goes through the commands for real data unchanged."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wildaffect.cli.main import main
from wildaffect.core.tasks import (
    ABAW_ACTION_UNIT_NUMBERS,
    ABAW_ACTION_UNITS,
    ABAW_EXPRESSIONS,
)
from wildaffect.formats.detect import detect
from wildaffect.formats.frame_lists import Track
from wildaffect.synth.dataset import write_world
from wildaffect.synth.presets import PRESETS

LAYOUTS = {
    Track.MTL: "affwild2-mtl", Track.VA: "affwild2-va", Track.EXPR: "affwild2-expr",
    Track.AU: "affwild2-au",
}  # fmt: skip


@pytest.fixture(scope="module", params=[name for name in PRESETS if name != "scenes"])
def world(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world") / request.param
    preset = PRESETS[request.param].with_people(2)
    everywhere = {split: max(number, 1) for split, number in preset.people.items()}
    few = replace(preset, people=everywhere, rows_per_video=6, length_sigma=0.0)
    states = write_world(
        folder, few, seed=12, statistics=few.statistics, size_px=32, workers=1
    )
    assert sum(1 for _ in states) > 1
    return folder


def truth_as_predictions(world: Path, path: Path) -> Path:
    """Write the exact truth of the test videos as a system would write what it predicts."""
    exact = np.load(world / "exact.npz")
    units = exact["intensities"][:, : len(ABAW_ACTION_UNITS)]
    assert tuple(exact["action_unit_numbers"][:12]) == ABAW_ACTION_UNIT_NUMBERS
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["image", "valence", "arousal", "expression", *ABAW_ACTION_UNITS.labels]
        )
        for row, number in enumerate(exact["frame_number"]):
            video = exact["video_index"][row]
            if exact["splits"][video] == "test":
                writer.writerow(
                    [
                        f"{exact['videos'][video]}/{number:05d}.jpg",
                        exact["valence"][row],
                        exact["arousal"][row],
                        ABAW_EXPRESSIONS.labels[exact["expression"][row]],
                        *units[row],
                    ]
                )
    return path


def test_every_layout_is_found_and_read_without_a_problem(world):
    found = {each.format.name: each for each in detect(world)}
    assert set(found) == set(LAYOUTS.values())
    for each in found.values():
        assert set(each.splits) == {"train", "val", "test"}
        for split, path in each.splits.items():
            reading = each.format.read(path, split)
            assert not reading.problems
            assert len(reading.annotations)


@pytest.mark.e2e
def test_data_check_finds_no_error_and_every_picture(world, capsys):
    assert main(["data", "check", str(world), "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)
    assert len(reports) == len(LAYOUTS)
    texts = {
        report["title"]: " ".join(finding["text"] for finding in report["findings"])
        for report in reports
    }
    assert not [title for title, text in texts.items() if "nearly equal" in text]
    (of_every_task,) = (text for title, text in texts.items() if "multi-task" in title)
    assert "images" not in of_every_task


@pytest.mark.e2e
@pytest.mark.parametrize("track", Track)
def test_a_submission_to_each_track_passes_its_check_and_is_scored(
    world, track, tmp_path, capsys
):
    predicted = truth_as_predictions(world, tmp_path / "predictions.csv")
    out = tmp_path / "submission.txt"
    name = "MTL_Challenge_test_set_release" if track is Track.MTL else None
    frame_list = world / f"{name or f'{track.upper()}_test_set_sample'}.txt"
    assert main(["submit", str(predicted), "--list", str(frame_list), "-o", str(out)]) == 0
    assert main(["submit", "--check", str(out), "--list", str(frame_list)]) == 0
    assert f"no fault; {len(frame_list.read_text().splitlines()) - 1:,} rows" in (
        capsys.readouterr().out
    )
    scored = out if track is Track.MTL else predicted
    flags = ["--layout", LAYOUTS[track], "--split", "test", "--resamples", "1"]
    flags += ["--annotations", str(world), "--missing", "skip", "--json"]
    assert main(["evaluate", str(scored), *flags]) == 0
    report = json.loads(capsys.readouterr().out)
    assert all(each["num_scored"] > 0 for each in report["coverage"])
    assert np.isfinite(report["overall"]["value"])
