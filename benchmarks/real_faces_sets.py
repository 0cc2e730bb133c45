"""Labeled photographs of faces: a manifest of one's own, CK+ and JAFFE.

Manifest: a CSV file beside the photographs or above their folder `images`. Columns `image`
and `person` are needed; `expression` (one of `EXPRESSIONS`, any case), `valence` and
`arousal` (in [-1, 1]) and `AU01`, `AU02`, ... (0 or 1) are optional; blank is no label.

CK+ (P. Lucey et al., CVPR Workshops 2010) as its owners give it: `cohn-kanade-images/`,
`Emotion/` and `FACS/`, wherever below the folder. The last frame of a sequence has the
emotion (if one was given) and the units; contempt is no class here and stays unlabeled.
The first frame of each person's first sequence is Neutral.

JAFFE (M. J. Lyons et al., Face and Gesture 1998): `KA.AN1.39.tiff` is person KA, anger.

CREMA-D (Cao et al. 2014, docs/data.md): clips in place of photographs, of the actors in val
and test, whom `open-real` is not trained on; the expression is what most saw in the face.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wildaffect.core.errors import BadAnnotation, MissingData
from wildaffect.core.tasks import ABAW_EXPRESSIONS, action_unit_label
from wildaffect.data.check_images import find_image_folder
from wildaffect.formats.acted import Actor
from wildaffect.formats.crema_d import CLIPS, find_crema_d, read_crema_d, read_people
from wildaffect.video.pixels import is_image_name

EXPRESSIONS = ABAW_EXPRESSIONS.labels[:-1]
"""Neutral, the six basic expressions; no set has the class Other."""
NAN = float("nan")
CKPLUS_EMOTIONS = (
    "Neutral", "Anger", None, "Disgust", "Fear", "Happiness", "Sadness", "Surprise",
)  # fmt: skip
"""By the codes 0 to 7 of the emotion files; 2 is contempt."""
CKPLUS_UNITS = (
    1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 23, 24, 25, 26, 27, 28,
    29, 31, 34, 38, 39, 43,
)  # fmt: skip
"""Units of its coding; one that is not in a file is not there."""
JAFFE_EMOTIONS = {
    "AN": "Anger",
    "DI": "Disgust",
    "FE": "Fear",
    "HA": "Happiness",
    "NE": "Neutral",
    "SA": "Sadness",
    "SU": "Surprise",
}
JAFFE_NAME = re.compile(r"(?P<person>[A-Z]{2})\.(?P<emotion>[A-Z]{2})\d*\.\d+\.tiff?")
CKPLUS_NAME = re.compile(r"(?P<person>S\d{3})_(?P<sequence>\d{3})_(?P<frame>\d{8})")
UNIT = re.compile(r"AU\d{2}")
AGES = {"45 and above": 45, "30 to 44": 30, "under 30": 0}
"""Groups of age with their lowest age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabeledImage:
    """A photograph of one face with whatever labels it has."""

    path: Path
    person: str
    expression: str | None = None
    """One of `EXPRESSIONS`."""
    valence: float = NAN
    arousal: float = NAN
    units: dict[str, bool] = field(default_factory=dict)
    """True where an annotated action unit is present."""
    groups: dict[str, str] = field(default_factory=dict)
    """What is known of the person, such as `sex`: `women`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSet:
    """Labeled photographs under the name that the tables give them."""

    name: str
    images: tuple[LabeledImage, ...]

    @property
    def is_clips(self) -> bool:
        """Whether the set has clips in place of photographs."""
        return self.name == CREMA_D

    @property
    def units(self) -> tuple[str, ...]:
        """Annotated action units, sorted."""
        return tuple(sorted({unit for image in self.images for unit in image.units}))


def read_set(path: Path) -> ImageSet:
    """Read a set, whichever of the layouts it has.

    Args:
        path: A folder in the layout of CK+ or JAFFE, or a manifest, or its folder.

    Raises:
        MissingData: If there is nothing of the kind.
        BadAnnotation: If a label or a name is not what the layout has, with file and line.
    """
    if path.is_file():
        return ImageSet(name=path.parent.name, images=tuple(read_manifest(path)))
    if not path.is_dir():
        raise MissingData(f"no such folder or manifest: {path}")
    for name, reader in READERS.items():
        if images := tuple(reader(path)):
            return ImageSet(name=name, images=images)
    manifests = [path / name for name in ("labels.csv", "manifest.csv")]
    for manifest in manifests:
        if manifest.is_file():
            return ImageSet(name=path.name, images=tuple(read_manifest(manifest)))
    raise MissingData(
        f"{path}: neither CK+ (cohn-kanade-images/), JAFFE (KA.AN1.39.tiff) nor a manifest "
        "(labels.csv with columns image, person, expression)"
    )


def read_manifest(path: Path) -> Iterator[LabeledImage]:
    """Yield the photographs of a manifest."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        names = rows.fieldnames or []
        known = {"image", "person", "expression", "valence", "arousal"}
        wrong = [name for name in names if name not in known and not UNIT.fullmatch(name)]
        if wrong or not {"image", "person"} <= set(names):
            raise BadAnnotation(
                str(path),
                1,
                "columns must be image, person and any of expression, valence, arousal, "
                f"AU01, AU02, ..., got {', '.join(names)}",
            )
        for row in rows:
            yield _labeled(path, rows.line_num, row)


def _labeled(path: Path, line: int, row: dict[str, str]) -> LabeledImage:
    if None in row or None in row.values():
        raise BadAnnotation(str(path), line, "must have as many cells as the header")
    image = next(
        (p for p in (path.parent / row["image"], path.parent / "images" / row["image"])
         if p.is_file()),
        None,
    )  # fmt: skip
    if image is None:
        raise BadAnnotation(str(path), line, f"no such image: {row['image']}")
    expression = row.get("expression", "").strip().capitalize()
    if expression and expression not in EXPRESSIONS:
        raise BadAnnotation(
            str(path),
            line,
            f"expression must be one of {', '.join(EXPRESSIONS)}, got {expression!r}",
        )
    units = {
        name: _number(path, line, name, cell, (0, 1)) == 1
        for name, cell in row.items()
        if UNIT.fullmatch(name) and cell.strip()
    }
    affect = {
        name: _number(path, line, name, row[name], (-1, 1))
        for name in ("valence", "arousal")
        if row.get(name, "").strip()
    }
    return LabeledImage(
        path=image, person=row["person"], expression=expression or None, units=units,
        **affect,
    )  # fmt: skip


def _number(
    path: Path, line: int, name: str, cell: str, limits: tuple[float, float]
) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = NAN
    low, high = limits
    in_range = value in {0, 1} if UNIT.fullmatch(name) else low <= value <= high
    if not in_range:
        raise BadAnnotation(
            str(path), line, f"{name} must be within [{low}, {high}], got {cell!r}"
        )
    return value


def read_ckplus(root: Path) -> Iterator[LabeledImage]:
    """Yield apex frames in the order of their names, and one neutral frame a person."""
    folders = sorted(root.rglob("cohn-kanade-images"))
    if not folders:
        return
    emotions = {p.name[:17]: p for p in root.rglob("*_emotion.txt")}
    codings = {p.name[:17]: p for p in root.rglob("*_facs.txt")}
    persons: set[str] = set()
    for sequence in sorted(folders[0].glob("S*/*")):
        frames = sorted(
            path for path in sequence.iterdir()
            if is_image_name(path) and CKPLUS_NAME.fullmatch(path.stem)
        )  # fmt: skip
        if not frames:
            continue
        apex, person = frames[-1], frames[-1].name[:4]
        if person not in persons:
            persons.add(person)
            yield LabeledImage(path=frames[0], person=person, expression="Neutral")
        emotion, coding = emotions.get(apex.stem), codings.get(apex.stem)
        if emotion or coding:
            yield LabeledImage(
                path=apex,
                person=person,
                expression=_ckplus_emotion(emotion) if emotion else None,
                units=_ckplus_units(coding) if coding else {},
            )


def _ckplus_emotion(path: Path) -> str | None:
    code = _floats(path)[0][0]
    if code not in range(len(CKPLUS_EMOTIONS)):
        raise BadAnnotation(str(path), 1, f"emotion must be 0 to 7, got {code:g}")
    return CKPLUS_EMOTIONS[int(code)]


def _ckplus_units(path: Path) -> dict[str, bool]:
    present = {int(row[0]) for row in _floats(path)}
    if 27 in present:  # the wider opening of the jaw is coded in place of AU26
        present.add(26)
    return {action_unit_label(unit): unit in present for unit in CKPLUS_UNITS}


def _floats(path: Path) -> list[list[float]]:
    lines = path.read_text().splitlines()
    try:
        rows = [[float(word) for word in line.split()] for line in lines if line.strip()]
    except ValueError as error:
        raise BadAnnotation(str(path), 1, f"must hold numbers alone: {error}") from None
    if not rows:
        raise BadAnnotation(str(path), 1, "must hold numbers, is empty")
    return rows


def read_jaffe(root: Path) -> Iterator[LabeledImage]:
    """Yield the photographs in the order of their names."""
    for path in sorted(root.rglob("*.tif*")):
        match = JAFFE_NAME.fullmatch(path.name)
        if match and match["emotion"] in JAFFE_EMOTIONS:
            yield LabeledImage(
                path=path,
                person=match["person"],
                expression=JAFFE_EMOTIONS[match["emotion"]],
            )


def read_crema_d_clips(root: Path) -> Iterator[LabeledImage]:
    """Yield the clips that are there, of the actors in val and test."""
    splits = find_crema_d(root)
    for split in ("val", "test") if splits else ():
        actors = read_people(splits[split])
        found = read_crema_d(splits[split], split).annotations
        labels = found.spaces.expressions.labels
        folder = find_image_folder(found, [root / CLIPS, splits[split].parents[1] / CLIPS])
        for row, name in enumerate(found.images):
            path = (folder or root) / name
            actor = actors[found.subjects[found.video_index[row]]]
            if path.is_file():
                yield LabeledImage(
                    path=path,
                    person=actor.name,
                    expression=labels[found.expression.values[row]]
                    if found.expression.valid[row]
                    else None,
                    groups=groups_of(actor),
                )


def groups_of(actor: Actor) -> dict[str, str]:
    """Return the groups of an actor, as far as they are known."""
    groups = {"sex": {"female": "women", "male": "men"}[actor.sex]}
    if actor.age is not None:
        groups["age"] = next(name for name, low in AGES.items() if actor.age >= low)
    if actor.ancestry:
        groups["ancestry"] = actor.ancestry
    return groups


CREMA_D = "CREMA-D, val and test"
READERS = {
    "CK+": read_ckplus,
    "JAFFE": read_jaffe,
    CREMA_D: read_crema_d_clips,
}
