"""What holds for the embedded models `default` and `open`, whatever was trained."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.analysis.options import build_analyzer, describe_artifact
from wildaffect.core.frames import Frame
from wildaffect.core.tasks import EXTENDED_ACTION_UNITS, Task
from wildaffect.features.geometry import mirrored_columns
from wildaffect.inference.artifact import EMBEDDED, load_artifact
from wildaffect.inference.calibration import expression_probs, units_present
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import BackboneInput
from wildaffect.inference.model import INTENSITY, SIDES, Model
from wildaffect.runtime.network import Device
from wildaffect.workflows.doctor import _look_at_artifact

PORTRAIT = Path(wildaffect.__file__).parent / "demo/astronaut.jpg"
NAMES = ("default", "open")
CLASSES = (
    "Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other",
)  # fmt: skip
OTHER = "Other", 0.0
LOOKS = ("Neutral", "Happiness", "Sadness", "Anger", "Fear", "Disgust", "Surprise")
"""Order of face-api's logits, as its package names them."""
STEP = 0.05
"""Of made-up changes of the face, in distances between the eyes."""


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    return Model(load_artifact(request.param), Device())


class MadeUp:
    """Feature rows in the model's order, by the name of each input."""

    def __init__(self, model, num_rows):
        self.model = model
        widths = [item.width for item in model.manifest.inputs]
        stops = np.cumsum(widths)
        self.values = np.zeros((num_rows, stops[-1]), np.float32)
        self.places = {
            item.key: slice(stop - width, stop)
            for item, width, stop in zip(model.manifest.inputs, widths, stops, strict=True)
        }

    def __setitem__(self, name, values):
        self.values[:, self.places[name]] = values

    def model_outputs(self, name):
        """What members that see one frame say of each row."""
        (group,) = [
            window_group
            for window_group in self.model.window_groups
            if window_group.window.is_frame_wise
        ]
        times = np.arange(len(self.values)) / 25
        return group(self.values, times)[:, self.model.layout.columns[name]]

    def held_for_two_seconds(self, name):
        """What all members say at last of the first row, if the face stays like that."""
        rows = np.repeat(self.values[:1], 15, axis=0)
        times = np.arange(15) / self.model.manifest.rate_hz
        joined = self.model.join([group(rows, times) for group in self.model.window_groups])
        return joined[-1, self.model.layout.columns[name]]


def climb(model, score, *, known, seed):
    """Changes of the face of which members that see one frame say what scores highest."""
    rng = np.random.default_rng(seed)
    best = np.zeros(47, np.float32)
    for _ in range(40):
        tried = best + rng.normal(0, STEP, (200, 47)) * (rng.random((200, 47)) < 0.3)
        tried[0] = best
        rows = MadeUp(model, len(tried))
        rows["geometry_change"], rows["neutral_confidence"] = tried, known
        best = tried[score(rows).argmax()]
    return best


UNSAID = pytest.mark.xfail(
    strict=True,
    reason="where the person's neutral is unknown, what is seen of a puckered mouth leaves "
    "Other at .13 (open: .254) beside Neutral at .25 (.257)",
)


@pytest.mark.parametrize(
    ("name", "known"),
    [(name, known) for name in CLASSES for known in (0.0, 1.0) if (name, known) != OTHER]
    + [pytest.param(*OTHER, marks=UNSAID)],
)
def test_every_class_can_be_predicted(model, name, known):
    place = model.manifest.expression.predicted.index(name)
    rows = MadeUp(model, 1)
    rows["geometry_change"] = climb(
        model,
        lambda rows: rows.model_outputs(Task.EXPRESSION)[:, place],
        known=known,
        seed=place,
    )
    rows["neutral_confidence"] = known
    if name in LOOKS and "face-api-expression" in rows.places:
        rows["face-api-expression"] = 12.0 * (np.array(LOOKS) == name)
    model_outputs = rows.held_for_two_seconds(Task.EXPRESSION)
    probs = expression_probs(model_outputs, model.manifest.calibration)
    assert model.manifest.expression.predicted[probs.argmax()] == name


def test_a_look_at_the_picture_counts_for_the_class_of_its_name():
    model = Model(load_artifact("default"), Device())
    before = MadeUp(model, 1).held_for_two_seconds(Task.EXPRESSION)
    for place, name in enumerate(LOOKS):
        rows = MadeUp(model, 1)
        rows["face-api-expression"] = 12.0 * (np.arange(len(LOOKS)) == place)
        raised = rows.held_for_two_seconds(Task.EXPRESSION) - before
        assert model.manifest.expression.predicted[raised.argmax()] == name


def test_excluded_action_units_are_never_present_together(model):
    """On the faces that say most of both units of a pair at once."""
    units, calibration = model.manifest.action_units, model.manifest.calibration
    assert {("AU24", "AU25"), ("AU05", "AU43")} <= set(units.excluded)
    thresholds = np.array(calibration.action_unit_thresholds)
    together = 0
    for first, second in units.excluded_places:
        pair = [first, second]

        def least(rows, pair=pair):
            return (rows.model_outputs(Task.ACTION_UNITS) - thresholds)[:, pair].min(1)

        rows = MadeUp(model, 1)
        rows["geometry_change"] = climb(model, least, known=0.0, seed=first)
        probs = rows.model_outputs(Task.ACTION_UNITS)
        together += units_present(probs, calibration)[0, pair].all()
        present = units_present(probs, calibration, units.excluded_places)[0]
        for excluded_place, other in units.excluded_places:
            assert not (present[excluded_place] and present[other])
    assert together, "thresholds alone would call some pair present, else nothing is shown"


def random_rows(model, num_rows=3000):
    rng = np.random.default_rng(0)
    rows = MadeUp(model, num_rows)
    rows["geometry_change"] = rng.normal(0, 1.5 * STEP, (num_rows, 47))
    rows["neutral_confidence"] = rng.integers(0, 2, (num_rows, 1))
    rows["blendshapes"] = rng.random((num_rows, 52))
    return rows


def test_intensities_lie_from_0_to_5_and_say_where_they_were_learned(model):
    units = model.manifest.action_units
    assert units.predicted == EXTENDED_ACTION_UNITS.labels
    assert "from generated faces" in units.intensity_note
    intensity = random_rows(model).model_outputs(INTENSITY)
    assert intensity.shape == (3000, len(EXTENDED_ACTION_UNITS.labels))
    assert intensity.min() >= 0
    assert intensity.max() <= 5
    assert intensity.max() > 2.5


def test_mirrored_measures_exchange_the_sides(model):
    rows = random_rows(model)
    left, right = (rows.model_outputs(name) for name in SIDES)
    np.testing.assert_array_equal(np.maximum(left, right), rows.model_outputs(INTENSITY))
    own = rows.values[:, rows.places["geometry_change"]]
    rows["geometry_change"] = own[:, mirrored_columns(COLUMNS["geometry_change"])]
    for name, other in zip(SIDES, (right, left), strict=True):
        np.testing.assert_allclose(rows.model_outputs(name), other, rtol=0, atol=1e-4)
    assert np.abs(left - right).max() > 1.0, "else exchanging them would show nothing"


@pytest.fixture(scope="module", params=NAMES)
def photographed(request):
    """The portrait and its mirror image, each read as a photograph alone."""
    rgb = cv2.imread(str(PORTRAIT))[..., ::-1]
    analyzer = build_analyzer(request.param)
    found = []
    for image in (rgb, rgb[:, ::-1]):
        frame = Frame(index=0, time_s=0.0, rgb=np.ascontiguousarray(image))
        (row,) = analyzer.run([frame])
        found.append(row.affect)
    return found


def test_a_mirrored_photograph_says_the_same(photographed):
    """Within what the mesh, which is no mirror of itself, puts points elsewhere."""
    one, other = photographed
    assert one.expression == other.expression
    assert one.valence == pytest.approx(other.valence, abs=0.1)
    assert one.arousal == pytest.approx(other.arousal, abs=0.1)
    np.testing.assert_allclose(one.expression_probs, other.expression_probs, atol=0.1)
    np.testing.assert_allclose(one.action_unit_probs, other.action_unit_probs, atol=0.15)


def test_default_says_everywhere_which_part_is_face_api_and_under_which_license():
    sidecar = describe_artifact(build_analyzer("default"))
    (source,) = [item for item in sidecar["sources"] if "face-api" in item["name"]]
    assert source["license"] == "MIT"
    assert "scraped from the web" in source["note"]
    assert sidecar["license"] == "Apache-2.0 and MIT"
    card = (EMBEDDED / "default" / "CARD.md").read_text()
    assert f"| {source['name']} | MIT | {source['note']} |" in card
    assert f"{source['name']} (MIT)" in _look_at_artifact("default")


def test_open_holds_nothing_of_undocumented_provenance():
    manifest = load_artifact("open").manifest
    assert not [item for item in manifest.inputs if isinstance(item, BackboneInput)]
    world, mediapipe = manifest.sources
    assert world.name.startswith("generated world everyday")
    assert world.license.startswith("CC0-1.0")
    assert mediapipe.license == manifest.license == "Apache-2.0"
    record = (
        (EMBEDDED / "open" / "CARD.md").read_text(),
        _look_at_artifact("open"),
        str(describe_artifact(build_analyzer("open"))),
    )
    assert all("face-api" not in text for text in record)
    files = {path.name for path in (EMBEDDED / "open").iterdir()}
    assert not files & {"faceapi_expression.onnx", "appearance.onnx"}
