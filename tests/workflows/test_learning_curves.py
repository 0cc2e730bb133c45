"""Scores after every epoch are written down and select nothing."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import torch

import wildaffect
from wildaffect.features.store import FeatureStore
from wildaffect.training.core.checkpoint import load_weights
from wildaffect.training.core.curves import write_curves
from wildaffect.training.core.recipe import BestOnDevSplit
from wildaffect.training.core.runs import Run, append_metrics, read_metrics
from wildaffect.training.temporal.load import load_split
from wildaffect.training.temporal.runs import load_run
from wildaffect.training.temporal.score import raw_scores

RECIPE = replace(
    wildaffect.find_recipe("modern-frame"),
    num_epochs=3,
    selection=BestOnDevSplit(share=0.5, patience_epochs=3),
)


def test_a_curve_has_the_score_of_every_epoch_and_changes_no_weight(tiny_data, tmp_path):
    plans = []
    watched = wildaffect.train(
        RECIPE,
        tiny_data,
        output=tmp_path / "watched",
        on_start=lambda run, plan: plans.append((run.folder.name, plan)),
    )
    alone = wildaffect.train(RECIPE, tiny_data, output=tmp_path / "alone", score_split=None)
    rows = list(read_metrics(Run(watched.folder)))
    assert len(rows) == 3
    ((name, plan),) = plans
    assert name == "watched"
    assert plan.num_steps == rows[-1]["step"] == 3 * plan.steps_per_epoch
    curve = [row["val/score"] for row in rows]
    assert len(set(curve)) == 3
    plain = list(read_metrics(Run(alone.folder)))
    assert not any(name.startswith("val/") for row in plain for name in row)
    assert [row["dev/score"] for row in plain] == [row["dev/score"] for row in rows]
    ours, theirs = (load_weights(Run(run.folder).weights) for run in (watched, alone))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)

    # The kept epoch is the best on the dev split, whatever the curve says, and its point
    # of the curve is the score of its weights.
    best = max(rows, key=lambda row: row["dev/score"])
    split = load_split(tiny_data, FeatureStore(tiny_data / "features"), RECIPE, "val")
    trained = load_run(watched.folder)
    kept = raw_scores(trained.model, split.sequences, RECIPE, trained.data.spaces)
    assert kept["score"] == best["val/score"]


def test_curves_are_drawn_by_step_with_a_point_for_every_epoch(tiny_data, tmp_path):
    result = wildaffect.train(RECIPE, tiny_data, output=tmp_path / "run")
    drawn = ET.parse(Run(result.folder).curves).getroot()
    tag = "{http://www.w3.org/2000/svg}"
    assert len(drawn.findall(f"{tag}circle")) == 2 * 3  # dev and val
    words = [text.text for text in drawn.iter(f"{tag}text")]
    assert "steps" in words
    # A legend in the row of the title: at the ends of curves, names may overlap.
    title, legend = drawn.findall(f"{tag}text")[:2]
    names = {span.text.split()[-1]: span.get("fill") for span in legend}
    lines = [line.get("stroke") for line in drawn.findall(f"{tag}polyline")]
    assert names == dict(zip(("dev", "val"), lines, strict=True))
    assert legend.get("y") == title.get("y")
    num_steps = list(read_metrics(Run(result.folder)))[-1]["step"]
    assert words[0] == f"Score after each of 3 epochs, {num_steps:,} steps"


@pytest.mark.parametrize(
    ("num_steps", "ticks"),
    [
        (1, ["0", "1"]),
        (3, ["0", "1", "2", "3"]),
        (9, ["0", "2", "4", "6", "8"]),
        (2750, ["0", "500", "1,000", "1,500", "2,000", "2,500"]),
    ],
)
def test_ticks_are_at_whole_steps_at_equal_distances(tmp_path, num_steps, ticks):
    run = Run(tmp_path)
    append_metrics(run, {"epoch": 1, "step": num_steps, "dev/score": 0.5})
    write_curves(run)
    texts = list(ET.parse(run.curves).getroot().iter("{http://www.w3.org/2000/svg}text"))
    row = next(each.get("y") for each in texts if each.text == "0")
    drawn = [each for each in texts if each.get("y") == row]
    assert [each.text for each in drawn] == ticks
    places = [float(each.get("x")) for each in drawn]
    width = (760 - 56 - 24) / num_steps  # of one step
    expected = [56 + width * int(tick.replace(",", "")) for tick in ticks]
    assert places == pytest.approx(expected, abs=0.06)


def test_an_epoch_without_a_defined_score_has_no_point(tmp_path):
    run = Run(tmp_path)
    for epoch, score in enumerate([float("nan"), 0.1, 0.2], start=1):
        scores = {"dev/score": score, "val/score": float("nan")}
        append_metrics(run, {"epoch": epoch, "step": 10 * epoch} | scores)
    write_curves(run)
    drawn = run.curves.read_text()
    assert drawn.count("<circle") == 2
    assert "nan" not in drawn
    assert "val" not in drawn
