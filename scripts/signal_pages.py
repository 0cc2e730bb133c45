"""Pages of the site about the columns of a result, one per signal.

Name, type, unit and meaning of a column come from the schema in the code; what a schema
cannot state (origin, checks, misuse) is here, and each column belongs to one signal.
"""

import re
from dataclasses import dataclass

from wildaffect.core.tasks import EXTENDED_ACTION_UNITS, LabelSpaces
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.schema import Column
from wildaffect.outputs.schema_page import EXAMPLE_OF_FEATURES, column_rows

MAX_SHOWN = 60
SIDED = ("AU04", "AU05", "AU12", "AU43")
"""Action units that the embedded models read on both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A group of columns that are read, checked and misused together."""

    name: str
    title: str
    pattern: str
    """Regular expression of the names of its columns."""
    source: str
    checked: str
    avoid: str


SIGNALS = (
    Signal(
        name="rows",
        title="Rows: frame, time, person, status",
        pattern="frame|time_s|image|track_id|status|source|neutral_known",
        source="The container (times), the tracker (persons), the checks of quality "
        "(status) and the estimate of a person's face at rest (`neutral_known`).",
        checked="Times against the container's on files with variable rates, edit lists "
        "and late starts; persons on generated scenes in which people cross; see "
        "[reliability](../reliability.md), [which faces are found](../finding-faces.md).",
        avoid="`track_id` is no identity: it is a number within one shot of one video. "
        "Do not compute times as frame over frame rate; read `time_s`.",
    ),
    Signal(
        name="face",
        title="Face: box, size, sharpness, confidence",
        pattern="box_.*|face_size_px|sharpness|detection_score|presence",
        source="MediaPipe's detector and face mesh; sharpness from the aligned face.",
        checked="Detection by size, crop and rotation on the page "
        "[which faces are found](../finding-faces.md).",
        avoid="`detection_score` and `presence` say that a face is there, not how well an "
        "expression is read; they are no confidence of any other column.",
    ),
    Signal(
        name="head-pose",
        title="Head pose",
        pattern="pose_.*",
        source="Rotation of the face mesh onto MediaPipe's canonical face, relative to the "
        "line of sight to the face.",
        checked="Rotations of generated heads with known pose, in the tests of "
        "`faces/pose.py`. Not measured against a head tracker on people.",
        avoid="Axes differ from those of OpenFace; `wildaffect convert` translates them. "
        "In profile the mesh is rejected, so large turns are missing, not rare.",
    ),
    Signal(
        name="valence-arousal",
        title="Valence and arousal",
        pattern="(valence|arousal)(_sd)?",
        source="Members of the model, combined and smoothed; see "
        "[the embedded models](../models.md).",
        checked="Order of expressions on photographs: happy over negative faces (valence "
        "AUC) and high over low arousal, on the page [accuracy](../accuracy.md). "
        "Not measured as numbers against raters of real people.",
        avoid="Not as what a person feels. `_sd` is the spread of the members, not an "
        "error: members agree on the same mistakes. Do not compare groups of people.",
    ),
    Signal(
        name="expressions",
        title="Expressions",
        pattern="expression|p_.*",
        source="Members of the model, combined, calibrated and smoothed; `expression` is "
        "the most probable class.",
        checked="Balanced accuracy, confusions and calibration on photographs of real "
        "people, with intervals, on the page [accuracy](../accuracy.md).",
        avoid="Disgust and fear are recognized poorly. With a small margin between two "
        "classes use the probabilities; overlay and summary show such frames as unclear.",
    ),
    Signal(
        name="action-units",
        title="Action units: probability and presence",
        pattern=r"AU\d\d(_present)?",
        source="A network on 47 measures of the face against the person's face at rest, "
        "trained on generated people; `_present` applies the model's threshold.",
        checked="Exactly known units of generated people who trained nothing; direction "
        "of change in filmed smiles ([the embedded models](../models.md)). "
        "Not measured against certified coders.",
        avoid="A probability is no intensity. In photographs, where a person's own face at "
        "rest is unknown, AU04, AU07 and AU25 are present too often. Not for diagnosis.",
    ),
    Signal(
        name="intensities",
        title="Intensities of action units",
        pattern=r"AU\d\d_(intensity|left|right)",
        source="The same network; learned from generated faces, whose intensities are "
        "exactly known.",
        checked="On generated people who trained nothing. Not measured against coders.",
        avoid="Not as FACS grades of a certified coder. Read sides for which side shows "
        "more: the difference is estimated at a third to a half of its size.",
    ),
    Signal(
        name="eyes",
        title="Closed eyes",
        pattern="eye_closure_.*|eyes_closed",
        source="Blendshapes `eyeBlinkLeft` and `eyeBlinkRight`; two thresholds relative to "
        "the person's own open eyes.",
        checked="Blinks counted by eye in five clips: 57 by eye, 56 found in the longest; "
        "see [eyes, gaze and mouth](../signals.md).",
        avoid="Behind sunglasses, below about 60 px, below about 20 frames per second, or "
        "as sleep or fatigue.",
    ),
    Signal(
        name="gaze",
        title="Gaze",
        pattern="eye_(yaw|pitch)_deg|gaze_.*|looking_at_camera",
        source="The eight blendshapes `eyeLook...`, turned by the head's pose.",
        checked="Generated people with known gaze, and the extreme frames of two clips, "
        "looked at; see [eyes, gaze and mouth](../signals.md).",
        avoid="As an eye tracker, or to tell what on a screen is looked at. Pitch is up or "
        "down at most.",
    ),
    Signal(
        name="mouth",
        title="Open mouth",
        pattern="mouth_open",
        source="Four points of the mesh.",
        checked="Generated people: correlation with the larger of AU25 and AU26 of 0.75; "
        "see [eyes, gaze and mouth](../signals.md).",
        avoid="As speech: it rises with laughter and breathing too.",
    ),
    Signal(
        name="landmarks",
        title="Landmarks (on request)",
        pattern="landmark_.*",
        source="MediaPipe's face mesh, 478 points, with `--landmarks`.",
        checked="Parity with Google's own runtime ([decisions](../decisions.md)).",
        avoid="Depth is relative, not metric. Landmarks describe a face in detail: protect "
        "the table as you would the video.",
    ),
    Signal(
        name="blendshapes",
        title="Blendshapes (on request)",
        pattern="blendshape_.*",
        source="MediaPipe's blendshape network, 52 scores, with `--blendshapes`.",
        checked="Parity with Google's own runtime; liveness of each score on 7,566 frames "
        "([notices](../project/notices.md)).",
        avoid="Some scores are dead: cheeks, nose and frown stay near zero on any face. "
        "A smile score also rises on crying grimaces.",
    ),
    Signal(
        name="features",
        title="Features (on request)",
        pattern="features_.*|GROUP_.*",
        source="Measures of the face or outputs of a backbone, with `--features`.",
        checked="See [features](../features.md).",
        avoid="Features of a backbone may identify a person; protect them as the video.",
    ),
)


def signal_pages() -> dict[str, str]:
    """Return the pages by name."""
    return {signal.name: _page(signal) for signal in SIGNALS}


def columns_of(signal: Signal) -> list[Column]:
    """Return the columns of a signal, of a model with all action units."""
    pattern = re.compile(signal.pattern)
    return [column for column in all_columns() if pattern.fullmatch(column.name)]


def all_columns() -> tuple[Column, ...]:
    """Return every column that `analyze` can write with the embedded models."""
    schema = result_schema(
        LabelSpaces(action_units=EXTENDED_ACTION_UNITS),
        intensities=True,
        sided=SIDED,
        landmarks=True,
        blendshapes=True,
        features=(EXAMPLE_OF_FEATURES,),
    )
    return schema.columns


def _page(signal: Signal) -> str:
    columns = columns_of(signal)
    table = column_rows(columns[:MAX_SHOWN])
    rest = len(columns) - MAX_SHOWN
    more = f"\n\n... and {rest} more up to `{columns[-1].name}`." if rest > 0 else ""
    return (
        f"# {signal.title}\n\n"
        f"**Source.** {signal.source}\n\n"
        f"**How it was checked.** {signal.checked}\n\n"
        f"**When not to use it.** {signal.avoid}\n\n"
        f"{table}{more}\n\n"
        "Empty cells are values that were not measured or not predicted, never zero. "
        "[The result table](../schema.md) has all columns in their order.\n"
    )
