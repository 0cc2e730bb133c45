"""RAVDESS: clips of 24 actors; the intended emotion is in the file's name.

Layout, as in the archives `Video_Speech_Actor_*.zip` and `Video_Song_Actor_*.zip`:
    Actor_01/02-01-06-01-02-01-01.mp4
Seven numbers: modality (01 with sound, 02 without, 03 sound alone), channel (01 speech,
02 song), emotion, intensity (01 normal, 02 strong), statement, repetition, actor; actors of
odd number are men. A clip that is there with and without sound is read once, without.

The label is what the actor was to show, not what observers saw. Calm has no counterpart
in ABAW's classes. Splits share no actor.

Source: S. R. Livingstone and F. A. Russo, "The Ryerson Audio-Visual Database of Emotional
Speech and Song (RAVDESS)", PLoS ONE 13(5), 2018.
"""

import re
from pathlib import Path

import numpy as np

from wildaffect.core.columns import TaskColumn
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.acted import SPLITS, Actor, split_actors
from wildaffect.formats.clips import clip_rows
from wildaffect.formats.columns import build_annotations
from wildaffect.formats.find import walk_folders
from wildaffect.formats.labels import RAVDESS_EXPRESSIONS
from wildaffect.formats.problems import Format, Kind, Problem, Reading

TERMS = (
    "RAVDESS is available under CC BY-NC-SA 4.0: for non-commercial use alone, also of "
    "what is trained on it; name its source (Livingstone and Russo 2018)"
)
LICENSE = "CC-BY-NC-SA-4.0 (RAVDESS)"
NUM_ACTORS = 24
_FOLDER = re.compile(r"Actor_(\d\d)")
_NAME = re.compile(
    r"(?P<modality>0[123])-(?P<channel>0[12])-(?P<emotion>0[1-8])-(?P<intensity>0[12])-"
    r"(?P<statement>0[12])-(?P<repetition>0[12])-(?P<actor>[0-2]\d)"
)
_ACTORS = tuple(
    Actor(name=f"{number:02d}", sex="male" if number % 2 else "female")
    for number in range(1, NUM_ACTORS + 1)
)
_SPACES = LabelSpaces(expressions=RAVDESS_EXPRESSIONS)


def read_ravdess(path: Path, split: str) -> Reading:
    """Read the clips of one split.

    Args:
        path: Folder of the folders `Actor_01` to `Actor_24`.
        split: `train`, `val` or `test`.
    """
    splits = split_actors(_ACTORS)
    clips: dict[str, Path] = {}
    problems: list[Problem] = []
    for file in sorted(path.glob("Actor_*/*.mp4")):
        folder = _FOLDER.fullmatch(file.parent.name)
        if folder is None or splits.get(folder[1], "train") != split:
            continue
        match = _NAME.fullmatch(file.stem)
        if match is None or match["actor"] != folder[1] or match["modality"] == "03":
            text = (
                "a clip must be named by seven numbers, as 02-01-06-01-02-01-"
                f"{folder[1]}.mp4, got {file.name[:40]!r}"
            )
            problems.append(Problem(str(file), 0, Kind.BAD_NAME, text))
            continue
        clips[file.stem[3:]] = file  # 02, without sound, replaces 01
    files = [file.relative_to(path).as_posix() for file in clips.values()]
    codes = [int(file.stem.split("-")[2]) - 1 for file in clips.values()]
    annotations = build_annotations(
        clip_rows(
            f"RAVDESS {split}",
            files,
            [file.stem[-2:] for file in clips.values()],
            lines=[0] * len(files),
        ),
        _SPACES,
        expression=TaskColumn(np.array(codes, float), np.ones(len(codes), bool)),
    )
    return Reading(
        annotations=annotations,
        problems=tuple(problems),
        num_rows=len(files) + len(problems),
    )


def find_ravdess(root: Path) -> dict[str, Path]:
    """Return the folder of the actors for each split, if it holds such clips."""
    if not root.is_dir():
        return {}
    for folder, files in walk_folders(root):
        if _FOLDER.fullmatch(folder.name) and any(_is_clip(name) for name in files):
            return dict.fromkeys(SPLITS, folder.parent)
    return {}


def _is_clip(name: str) -> bool:
    stem, dot, suffix = name.rpartition(".")
    return bool(dot) and suffix == "mp4" and _NAME.fullmatch(stem) is not None


FORMAT = Format(
    name="ravdess",
    title="RAVDESS",
    layout="Actor_01/02-01-06-01-02-01-01.mp4 to Actor_24/",
    find=find_ravdess,
    read=read_ravdess,
    image_folders=("",),
    first_frame=0,
    terms=TERMS,
    license=LICENSE,
)
