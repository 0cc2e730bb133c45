"""What is measured on photographs of faces: our models, and detectors and nets of others.

A peer without a detector looks at the faces that our first model found, a peer with one at
its own too, each on the crop that suits it.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from real_faces_scores import NEGATIVE, Prediction
from real_faces_sets import EXPRESSIONS

from wildaffect.analysis.options import ReadOptions, build_analyzer
from wildaffect.core.faces import Status
from wildaffect.core.results import FaceResult
from wildaffect.faces.crop import five_points
from wildaffect.video.pixels import read_image

Image = NDArray[np.uint8]
PROGRESS_EVERY = 100


class Absent(Exception):
    """A peer that is not installed; the message says how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """Where a face is."""

    box_xyxy: NDArray[np.float32]
    points_xy: NDArray[np.float32] | None = None
    """Eyes, nose tip, mouth corners, (5, 2); None where the detector gives none."""


class Detector(Protocol):
    """Finds the faces of a photograph."""

    name: str

    def find(self, path: Path, rgb: Image) -> Sequence[Face]:
        """Return all faces."""
        ...


class ExpressionNet(Protocol):
    """Tells the expression of a face."""

    name: str
    crop: str
    """What it looks at, in words."""

    def probs(self, rgb: Image, face: Face) -> NDArray[np.float64] | None:
        """Return probabilities in the order of `EXPRESSIONS`; None if it cannot look."""
        ...


class OurModel:
    """An artifact, run as `wildaffect analyze` runs it on photographs."""

    def __init__(self, model: str) -> None:
        self._analyzer = build_analyzer(model)
        manifest = self._analyzer.artifact.manifest
        self.name = manifest.name
        self.crop = "its own faces"
        self._expressions = manifest.expression.space.labels if manifest.expression else ()
        self._units = manifest.action_units.space.labels if manifest.action_units else ()
        self.faces: dict[Path, list[Face]] = {}
        """What was found in each photograph, filled by `predictions`."""

    def predict(self, paths: Sequence[Path]) -> list[Prediction]:
        """Return what it says of each photograph's largest face."""
        rows: dict[int, list[FaceResult]] = {index: [] for index in range(len(paths))}
        for row in self.run(list(paths)):
            if row.face is not None:
                rows[row.frame_index].append(row)
            if row.frame_index % PROGRESS_EVERY == 0:
                print(f"{self.name}: {row.frame_index}/{len(paths)}", file=sys.stderr)
        for index, path in enumerate(paths):
            self.faces[path] = [_face(row) for row in rows[index]]
        return [self._predict(found) for found in rows.values()]

    def predict_clips(self, paths: Sequence[Path]) -> list[Prediction]:
        """Return what it says of each clip: the mean over the frames that it scores."""
        return [self._predict_clip(path) for path in paths]

    def _predict_clip(self, path: Path) -> Prediction:
        rows = [row for row in self.run(path) if row.face is not None]
        scored = [row.affect for row in rows if row.status is Status.OK and row.affect]
        given = [a.expression_probs for a in scored if a.expression_probs is not None]
        if not given:
            return Prediction(num_faces=int(bool(rows)))
        probs = np.mean(given, axis=0)
        best = int(probs.argmax())
        return Prediction(
            num_faces=1,
            is_scored=True,
            expression=self._expressions[best],
            confidence=float(probs[best]),
            valence=_mean([affect.valence for affect in scored]),
            arousal=_mean([affect.arousal for affect in scored]),
        )

    def run(self, source: Path | list[Path]) -> Iterator[FaceResult]:
        """Yield the rows of a video, a folder of photographs or a list of them."""
        with ReadOptions().open(source) as reader:
            yield from self._analyzer.run(reader)

    def find(self, path: Path, rgb: Image) -> Sequence[Face]:  # noqa: ARG002
        """Return the faces that were found when the photograph was scored."""
        return self.faces[path]

    def _predict(self, rows: Sequence[FaceResult]) -> Prediction:
        if not rows:
            return Prediction()
        row = max(rows, key=lambda row: _area(row.face.box_xyxy))
        affect = row.affect
        if row.status is not Status.OK or affect is None:
            return Prediction(num_faces=len(rows))
        confidence = float("nan")
        if affect.expression is not None and affect.expression_probs is not None:
            place = self._expressions.index(affect.expression)
            confidence = float(affect.expression_probs[place])
        probs = affect.action_unit_probs
        present = affect.action_units_present
        return Prediction(
            num_faces=len(rows),
            is_scored=True,
            expression=affect.expression,
            confidence=confidence,
            valence=affect.valence,
            arousal=affect.arousal,
            unit_probs={} if probs is None else _known(self._units, probs.tolist()),
            units={} if present is None else _known(self._units, present),
        )


class Haar:
    """OpenCV's frontal-face cascade with the settings of the `fer` package.

    Args:
        margin_px: Added to each side of a box.
    """

    name = "OpenCV Haar"

    def __init__(self, margin_px: int = 0) -> None:
        self._margin_px = margin_px
        if not hasattr(cv2, "CascadeClassifier"):
            raise Absent(
                f"OpenCV {cv2.__version__} has no CascadeClassifier; "
                'pip install "opencv-python-headless<5"'
            )
        file = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(file))

    def find(self, path: Path, rgb: Image) -> Sequence[Face]:  # noqa: ARG002
        """Return all faces of at least 50 px."""
        gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        boxes = self._cascade.detectMultiScale(gray, 1.1, 5, minSize=(50, 50))
        more = self._margin_px
        return [
            Face(
                box_xyxy=np.array(
                    [x - more, y - more, x + w + more, y + h + more], np.float32
                )
            )
            for x, y, w, h in boxes
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A network of others on the faces of a detector; without one, the detector alone."""

    detector: Detector
    net: ExpressionNet | None = None

    @property
    def name(self) -> str:
        """Return what the tables call it."""
        return self.net.name if self.net else self.detector.name

    @property
    def crop(self) -> str:
        """Return what it looks at."""
        if self.net is None:
            return "finds faces alone"
        return f"faces of {self.detector.name}, {self.net.crop}"

    def predict(self, paths: Sequence[Path]) -> list[Prediction]:
        """Return what it says of each photograph's largest face."""
        return [self._predict(path) for path in paths]

    def _predict(self, path: Path) -> Prediction:
        rgb = read_image(path)
        faces = self.detector.find(path, rgb)
        if not faces or self.net is None:
            return Prediction(num_faces=len(faces))
        face = max(faces, key=lambda face: _area(face.box_xyxy))
        probs = self.net.probs(rgb, face)
        if probs is None:
            return Prediction(num_faces=len(faces))
        by_name = dict(zip(EXPRESSIONS, probs.tolist(), strict=True))
        best = max(by_name, key=by_name.__getitem__)
        return Prediction(
            num_faces=len(faces),
            is_scored=True,
            expression=best,
            confidence=by_name[best],
            valence=by_name["Happiness"] - sum(by_name[name] for name in NEGATIVE),
        )


def _mean(values: Sequence[float | None]) -> float:
    """Return the mean of what is predicted; NaN for nothing."""
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def _face(row: FaceResult) -> Face:
    return Face(box_xyxy=row.face.box_xyxy, points_xy=five_points(row.face.landmarks_xyz))


def _area(box: NDArray[np.float32]) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _known(names: Sequence[str], values: Sequence) -> dict:
    """Return values by name, without those that are not predicted."""
    return {
        name: value
        for name, value in zip(names, values, strict=True)
        if value is not None and value == value  # noqa: PLR0124 - NaN is not itself
    }
