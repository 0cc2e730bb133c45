from wildaffect.core.tasks import Task
from wildaffect.export.artifact import Title, build_artifact
from wildaffect.export.card import write_card
from wildaffect.export.pixels import PixelParity
from wildaffect.training.core.scores import ScoreLine, write_scores
from wildaffect.training.temporal.calibrate_and_score import fit_path
from wildaffect.training.temporal.ensembles import load_ensemble

TITLE = Title(name="toy", version="1", license="CC0-1.0")
SCORES = {"valence": 0.4, "arousal": 0.3, "expression": 0.25, "action_units": 0.5}


def line(name: str, score: float) -> ScoreLine:
    return ScoreLine(name=name, scores=SCORES | {"score": score}, low=0.9, high=1.2)


def card_of(folder) -> str:
    ensemble = load_ensemble(folder)
    manifest = build_artifact(ensemble, [b"net"], TITLE).manifest
    pixels = PixelParity(num_rows=150, largest={"valence": 3e-7})
    return write_card(ensemble, manifest, {Task.VALENCE: 2e-7}, pixels)


def test_the_card_says_data_license_numbers_intervals_and_limits(make_run):
    folder = make_run()
    write_scores([line("calibrated", 1.1)], folder / "scores-val.json")
    write_scores([line("raw, out of sample", 1.05)], fit_path(folder))
    card = card_of(folder)
    assert "| toy | CC0-1.0 |" in card
    tasks = "CCC V, CCC A, F1 EXPR, F1 AU"
    assert f"| 0 | small | 0 | {tasks} | toy train | 2 | 1 | 1 |" in card
    assert "| calibrated | 0.400 | 0.300 | 0.250 | 0.500 | 1.100 | 0.900 to 1.200 |" in card
    assert "| raw, out of sample |" in card
    assert "generated faces are no evidence" in card
    assert "might perceive" in card
    assert "150 rows of a clip: at most 3e-07" in card


def test_the_card_of_a_run_that_was_never_scored_says_so(make_run):
    assert "None: no split was scored." in card_of(make_run())
