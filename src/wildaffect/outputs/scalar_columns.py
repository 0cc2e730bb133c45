"""Columns with one value per row: place, face, valence and arousal, the word."""

from collections.abc import Callable
from typing import Any

from wildaffect.core.faces import Status
from wildaffect.core.results import FaceResult
from wildaffect.outputs.schema import Cells, Column, Part


def _scalar(column: Column, value: Callable[[FaceResult], object]) -> Part:
    return Part(columns=(column,), values=lambda row: (value(row),))


def _of_face(name: str, kind: str, unit: str, meaning: str, *path: str) -> Part:
    def value(row: FaceResult) -> object:
        found: Any = row.face
        for step in path:
            found = None if found is None else getattr(found, step)
        return found

    return _scalar(Column(name=name, type=kind, unit=unit, meaning=meaning), value)


def _of_affect(name: str, kind: str, unit: str, meaning: str) -> Part:
    def value(row: FaceResult) -> object:
        return None if row.affect is None else getattr(row.affect, name)

    return _scalar(Column(name=name, type=kind, unit=unit, meaning=meaning), value)


_STATUS_MEANING = (
    "Basis of the row: `ok`; `no_face`, the only row of a frame without a "
    "face; `low_quality`, a face too small, blurred, turned or covered (such as by a hand "
    "over the eyes or the mouth) to be read; "
    "`interpolated`, a face lost for a moment, with its position from the frames around it."
)
_CLOCKWISE = (
    "Head tilt, positive toward the subject's own left shoulder (clockwise as seen)."
)


def scalar_parts(expression_margin: float | None = None) -> list[Part]:
    """Return the first columns, in their order.

    Args:
        expression_margin: Margin below which an expression is unclear, if known.
    """
    return [
        *_place_parts(),
        *_geometry_parts(),
        _of_affect(
            "valence", "float32", "[-1, 1]", "Perceived, from negative to positive."
        ),
        _of_affect("arousal", "float32", "[-1, 1]", "Perceived, from passive to active."),
        _of_affect("valence_sd", "float32", ">= 0", "Spread over members of an ensemble."),
        _of_affect("arousal_sd", "float32", ">= 0", "Spread over members of an ensemble."),
        _scalar(
            Column(
                name="expression",
                type="string",
                unit="label",
                meaning="Perceived expression: the most probable class after the "
                "artifact's bias, also where overlay, summary and gallery show "
                '"unclear" because of a small margin.',
                margin=expression_margin,
            ),
            lambda row: None if row.affect is None else row.affect.expression,
        ),
    ]


def last_parts() -> list[Part]:
    """Return the columns that end the core group."""
    return [
        _neutral_part(),
        _scalar(
            Column(
                name="source",
                type="string",
                unit="file name",
                meaning="Video, image or folder that the row is from, with its path in the "
                "analyzed folder: tables of many videos can be read as one.",
            ),
            lambda row: row.source,
        ),
    ]


def _neutral_part() -> Part:
    return _scalar(
        Column(
            name="neutral_known",
            type="float32",
            unit="[0, 1]",
            meaning="How well the person's own neutral face was known at this row: "
            "with 0, changes are relative to a face at rest of the population, with 1 "
            "to the person's own. Empty where the model reads no such changes.",
        ),
        lambda row: None if row.face is None else row.neutral_known,
    )


def _place_parts() -> list[Part]:
    return [
        _scalar(
            Column(
                name="frame",
                type="int64",
                unit="from 0",
                meaning="Number of the frame in its video, also if only a part is read.",
                optional=False,
            ),
            lambda row: row.frame_index,
        ),
        _scalar(
            Column(
                name="time_s",
                type="float64",
                unit="s",
                meaning="Time of the frame; 0 is where the first sound or picture of the "
                "file begins, as in players.",
                optional=False,
            ),
            lambda row: row.time_s,
        ),
        _scalar(
            Column(
                name="image",
                type="string",
                unit="file name",
                meaning="The photograph, where the source is a set of them; else empty.",
            ),
            lambda row: row.image,
        ),
        _of_face(
            "track_id",
            "int64",
            "from 0",
            "Number of the person within one shot; never used twice in a video; empty for "
            "`no_face`. "
            "People who pass in front of one another may change numbers.",
            "track_id",
        ),
        _scalar(
            Column(
                name="status",
                type="string",
                unit=", ".join(Status),
                meaning=_STATUS_MEANING,
                optional=False,
            ),
            lambda row: str(row.status),
        ),
    ]


def _geometry_parts() -> list[Part]:
    of = _of_face
    return [
        of(
            "detection_score",
            "float32",
            "[0, 1]",
            "Detector confidence at the last detection of this track; empty where the mesh "
            "alone found the face.",
            "detection_score",
        ),
        of(
            "presence",
            "float32",
            "[0, 1]",
            "Probability that the mesh sits on a face.",
            "presence",
        ),
        Part(columns=_box_columns(), values=_box),
        of("pose_yaw_deg", "float32", "degrees", _YAW, "pose", "yaw_deg"),
        of("pose_pitch_deg", "float32", "degrees", _PITCH, "pose", "pitch_deg"),
        of("pose_roll_deg", "float32", "degrees", _CLOCKWISE, "pose", "roll_deg"),
        of(
            "face_size_px",
            "float32",
            "px",
            "Square root of the box's area.",
            "face_size_px",
        ),
        of(
            "sharpness",
            "float32",
            "gray levels",
            "Spread of the Laplacian of the aligned face; low where it is blurred.",
            "sharpness",
        ),
    ]


_YAW = "Head turn, positive to the subject's own left (image right)."
_PITCH = "Head nod, positive looking up."


def _box_columns() -> tuple[Column, ...]:
    edges = {"x0": "Left", "y0": "Top", "x1": "Right", "y1": "Bottom"}
    return tuple(
        Column(
            name=f"box_{key}",
            type="float32",
            unit="px",
            meaning=f"{edge} edge of the face in the displayed frame.",
        )
        for key, edge in edges.items()
    )


def _box(row: FaceResult) -> Cells | None:
    return None if row.face is None else row.face.box_xyxy
