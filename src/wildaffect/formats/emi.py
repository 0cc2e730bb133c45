"""Hume-Vidmimic2: six intensities per clip, of the tracks on emotional mimicry (EMI).

Layout, as given for ABAW6, 8 and 10:
    train_split.csv, valid_split.csv    Filename,Admiration,Amusement,Determination,
                                        Empathic Pain,Excitement,Joy
    raw/00000.mp4                       number of the clip, five digits
Intensities lie in [0, 1]. A number may stand without its leading zeros in the tables. There
is no table of labels for the test clips, and the tables do not identify people: each
clip counts as its own subject.

Source: public code of participants, Skyy93/CVPR2024_abaw and CVPR2025_abaw (abaw_dataset),
huiqi2000/EMI (hume_dataset), Dinithipurna/MimicMetrics; Kollias et al., arXiv:2402.19344.
"""

from pathlib import Path

import numpy as np

from wildaffect.core.errors import BadAnnotation
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.clips import clip_rows
from wildaffect.formats.columns import Code, build_annotations, decode, decode_or_blank
from wildaffect.formats.find import check_list, find_lists
from wildaffect.formats.labels import EMI_INTENSITIES
from wildaffect.formats.lines import read_header, read_text, split_rows
from wildaffect.formats.problems import Format, Kind, Problem, Reading

TERMS = (
    "Hume-Vidmimic2 is given for research under an agreement with its owners; keep to "
    "yours, also for what is trained on it"
)
LICENSE = "research agreement (Hume-Vidmimic2)"
CLIPS = "raw"
"""Folder of the clips."""
_TABLES = {"train_split.csv": "train", "valid_split.csv": "val"}
_NAMES = tuple(
    label.removesuffix("_intensity").replace("_", " ") for label in EMI_INTENSITIES.labels
)
"""Columns of intensities, in lower case."""
_NUMBER = Code(name="Filename", low=0, high=99_999, missing=())
_SPACES = LabelSpaces(intensities=EMI_INTENSITIES)


def read_emi(path: Path, split: str) -> Reading:
    """Read the clips of one split.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If its columns are not those of the data set.
    """
    check_list(path)
    data = read_text(path)
    header = _columns(read_header(path, data))
    if sorted(header) != sorted(("filename", *_NAMES)):
        raise BadAnnotation(
            path,
            1,
            "columns must be Filename, Admiration, Amusement, Determination, Empathic "
            f"Pain, Excitement and Joy, got {', '.join(header)[:200]}; copy the table from "
            "the data set",
        )
    table = split_rows(path, data, num_fields=len(header))
    named = dict(zip(header, table.columns, strict=True))
    numbers, bad = decode(named["filename"], _NUMBER, path=str(path), lines=table.lines)
    lost = [*table.problems, *(each._replace(kind=Kind.BAD_NAME) for each in bad)]
    good = numbers.valid
    lines = table.lines[good]
    clips = [f"{int(number):05d}.mp4" for number in numbers.values[good]]
    fields, wrong = [], list[Problem]()
    for name in _NAMES:
        code = Code(name=name, low=0, high=1, missing=(), integral=False)
        field, found = decode_or_blank(
            named[name].keep(good), code, path=str(path), lines=lines
        )
        fields.append(field)
        wrong += found
    rows = clip_rows(
        f"Hume-Vidmimic2 {split}",
        clips,
        [clip.removesuffix(".mp4") for clip in clips],
        lines=lines.tolist(),
        table=str(path),
    )
    return Reading(
        annotations=build_annotations(rows, _SPACES, intensities=fields),
        problems=tuple(sorted([*lost, *wrong], key=lambda problem: problem.line)),
        num_rows=int(np.sum(good)) + len(lost),
    )


def find_emi(root: Path) -> dict[str, Path]:
    """Return the tables by split."""
    return find_lists(
        root, _TABLES, lambda line: set(_columns(line)) >= {"filename", _NAMES[0]}
    )


def _columns(header: str) -> list[str]:
    return [name.strip().lower() for name in header.split(",")]


FORMAT = Format(
    name="emi",
    title="Hume-Vidmimic2 (emotional mimicry intensity)",
    layout=f"train_split.csv and valid_split.csv, clips in {CLIPS}/",
    find=find_emi,
    read=read_emi,
    image_folders=(CLIPS,),
    first_frame=0,
    terms=TERMS,
    license=LICENSE,
)
