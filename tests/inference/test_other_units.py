"""Every output of a model whose action units are not the twelve of Aff-Wild2."""

import numpy as np
import pytest

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.tasks import LabelSpace, action_unit_label
from wildaffect.evaluation.tables import read_predictions
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.manifest import ActionUnitOutput
from wildaffect.outputs.overlay.style import ACTION_UNIT_NAMES
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.signal_columns import signal_parts
from wildaffect.outputs.table import read_table, recover
from wildaffect.video.write import VideoWriter

NUMBERS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)
SIGNALS = [column.name for part in signal_parts() for column in part.columns]
LABELS = tuple(action_unit_label(number) for number in NUMBERS)
NOTE = "Trained on generated faces."
LOGITS = np.linspace(-3, 3, len(LABELS)).astype(np.float32)
LEVELS = 5 / (1 + np.exp(-LOGITS))


@pytest.fixture
def model(toy, constant):
    units = ActionUnitOutput(
        space=LabelSpace(name="nineteen", labels=LABELS),
        predicted=LABELS,
        intensity=True,
        intensity_note=NOTE,
        sided=("AU43", "AU12"),
        excluded=(("AU24", "AU25"),),
    )
    sides = (LEVELS, LEVELS / 2)
    network = constant(3, units=LOGITS, intensity=LEVELS, sides=sides)
    return toy(network, action_units=units, calibration=Calibration())


@pytest.fixture
def film(make_frames, tmp_path):
    path = tmp_path / "face.mp4"
    with VideoWriter(path, width=240, height=180, fps_hint=25.0) as video:
        for frame in make_frames(6):
            video.write(frame.rgb, frame.time_s)
    return path


def analyze(*args):
    return main(["analyze", *map(str, args)])


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_columns_follow_the_artifact_in_every_format(model, film, tmp_path, suffix):
    path = tmp_path / f"out.{suffix}"
    assert analyze(film, "-o", path, "--model", model) == 0
    table = read_table(path)
    names = table.column_names
    first = names.index("AU01")
    expected = [*LABELS, *(f"{u}_present" for u in LABELS)]
    expected += ["neutral_known", "source", *SIGNALS]
    expected += [f"{u}_intensity" for u in LABELS]
    expected += ["AU12_left", "AU12_right", "AU43_left", "AU43_right"]
    assert names[first:] == expected
    (row, *_) = table.to_pylist()
    probs = 1 / (1 + np.exp(-LOGITS))
    assert [row[u] for u in LABELS] == pytest.approx(probs, rel=1e-5)
    assert [row[f"{u}_intensity"] for u in LABELS] == pytest.approx(5 * probs, rel=1e-5)
    for unit in ("AU12", "AU43"):
        level = LEVELS[LABELS.index(unit)]
        assert row[f"{unit}_left"] == pytest.approx(level, rel=1e-5)
        assert row[f"{unit}_right"] == pytest.approx(level / 2, rel=1e-5)
    present = {u for u in LABELS if row[f"{u}_present"]}
    assert present == set(LABELS[LABELS.index("AU14") :]) - {"AU24"}
    sidecar = read_sidecar(path)
    meanings = {column["name"]: column["meaning"] for column in sidecar["columns"]}
    assert meanings["AU43_intensity"].endswith(f"FACS. {NOTE}")
    assert meanings["AU43_left"] == (
        "Intensity of AU43 on the subject's own left side: 0 not shown, 1 to 5 A to E of "
        f"FACS. {NOTE}"
    )
    assert sidecar["label_spaces"]["action_units"]["labels"] == list(LABELS)


def test_overlay_summary_resume_and_evaluation_follow_it_too(model, film, tmp_path, capfd):
    path = tmp_path / "out.csv"
    options = (film, "-o", path, "--model", model, "--overlay")
    assert analyze(*options) == 0
    assert (tmp_path / "out.overlay.mp4").exists()
    assert "AU14" in capfd.readouterr().out  # the first that is present in every frame
    assert analyze(*options, "--resume") == 0
    assert "finished before" in capfd.readouterr().out
    assert read_predictions(path).predictions.spaces.action_units.labels == LABELS
    part = path.rename(tmp_path / "out.csv.part")
    (tmp_path / "out.csv.json").rename(tmp_path / "out.csv.part.json")
    assert set(LABELS) < set(read_table(recover(part)).column_names)


def test_a_picture_is_drawn_with_its_units(model, tmp_path):
    portrait = wildaffect.__path__[0] + "/demo/astronaut.jpg"
    assert analyze(portrait, "-o", tmp_path, "--model", model, "--overlay") == 0
    assert (tmp_path / "astronaut.overlay.png").exists()


def test_every_unit_has_a_name_in_the_overlay():
    assert set(LABELS) <= set(ACTION_UNIT_NAMES)
