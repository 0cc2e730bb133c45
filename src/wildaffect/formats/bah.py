"""BAH: ambivalence or hesitancy of people who answer seven questions on video.

Layout of the release for ABAW11, three lists without header in each of two folders:
    split/train.txt, val.txt, test.txt        <video>,<0 or 1>,<what was spoken>
    split-frames/train.txt, val.txt, test.txt <video>/frame-0.jpg,<0 or 1>
    Videos/82557/Visite_1/82557_Question_3_2024-08-22_14-48-26_Video.mp4
    cropped-aligned-faces/<video>/frame-0.jpg
A video is named by its path from `Videos/`; its name tells person and question; frames are
counted from 0. The list that is read is known by its lines, whatever its folder is called.
What was spoken may hold commas, and is not kept. No annotation of cues, no transcript with
times and no description of people (`video_annotation_transcript.yaml`, `transcription/`,
`meta_data.yml`) is read.

Source: the authors' lists and code, sbelharbi/bah-dataset (dataset-splits, base/dataset.py,
abaw5_pre_processing/dlib/bah_db.py) and sbelharbi/zero-shot-m-llm-bah-prediction; for the
folders, the public code Liga-de-IA-PUCPR/abaw-11-ah-challenge and
bakinalexey/abaw-11-mtl-bah-recognition; Gonzalez-Gonzalez et al., arXiv:2505.19328.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadAnnotation
from wildaffect.core.names import is_inside
from wildaffect.core.tasks import LabelSpaces
from wildaffect.formats.clips import clip_rows
from wildaffect.formats.columns import Code, Rows, build_annotations, decode_or_blank
from wildaffect.formats.find import check_list, find_lists
from wildaffect.formats.image_names import ImageNames, parse_image_names
from wildaffect.formats.labels import BAH_ATTRIBUTES
from wildaffect.formats.lines import Table, encode, read_text, split_rows
from wildaffect.formats.problems import Format, Kind, Problem, Reading

TERMS = (
    "BAH is given for research under an agreement that a member of a faculty signs; keep "
    "to yours, also for what is trained on it, and name its source (Gonzalez-Gonzalez et "
    "al. 2026)"
)
LICENSE = "research agreement (BAH)"
_LISTS = {f"{split}.txt": split for split in ("train", "val", "test")}
_VIDEO = re.compile(
    r"(?:[^/]+/)*(?P<name>(?P<subject>[0-9]+)_Question_[1-7]_[^/]+)\.mp4", re.ASCII
)
_PREFIX = "frame-"
_EXAMPLE = "Videos/82557/Visite_1/82557_Question_3_2024-08-22_14-48-26_Video.mp4"
_SPACES = LabelSpaces(action_units=BAH_ATTRIBUTES)
_LABEL = Code(
    name=BAH_ATTRIBUTES.labels[0],
    low=0,
    high=1,
    missing=(),
    advice="; leave it empty where nothing is annotated",
)


class _Video(NamedTuple):
    name: str
    subject: str


def read_bah_videos(path: Path, split: str) -> Reading:
    """Read the list of the videos of one split: a label for each whole video.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If it is empty or no text.
    """
    files, people, labels, lines = [], [], [], []
    problems: list[Problem] = []
    for line, text in enumerate(_read(path).decode().split("\n"), start=1):
        file, _, rest = text.partition(",")
        video = _parse(file.strip())
        if video is None:
            rule = f"a row must begin with a video, such as {_EXAMPLE}, got {file[:60]!r}"
            problems.append(Problem(str(path), line, Kind.BAD_NAME, rule))
            continue
        files.append(file.strip())
        people.append(video.subject)
        labels.append(rest.partition(",")[0])
        lines.append(line)
    rows = clip_rows(f"BAH videos {split}", files, people, lines=lines, table=str(path))
    field, wrong = decode_or_blank(encode(labels), _LABEL, path=str(path), lines=rows.lines)
    return Reading(
        annotations=build_annotations(rows, _SPACES, action_units=[field]),
        problems=tuple(sorted([*problems, *wrong], key=lambda problem: problem.line)),
        num_rows=len(rows) + len(problems),
    )


def read_bah_frames(path: Path, split: str) -> Reading:
    """Read the list of the frames of one split.

    A frame of a video that `split/`, in the folder above, does not list is lost.

    Raises:
        MissingData: If the file does not exist.
        BadAnnotation: If it is empty or no text.
    """
    table = split_rows(path, _read(path), num_fields=2, skip=0)
    names = parse_image_names(table.columns[0], _PREFIX)
    videos = [_parse(video) for video in names.videos]
    good, lost = _known(table, names, videos, path.parent.with_name("split") / path.name)
    lost = [*table.problems, *lost]
    lines = table.lines[good]
    field, wrong = decode_or_blank(
        table.columns[1].keep(good), _LABEL, path=str(path), lines=lines
    )
    kept = [video or _Video("", "") for video in videos]
    used = np.unique(names.video_index[good])
    place = np.zeros(len(kept), np.int64)
    place[used] = np.arange(len(used))
    rows = Rows(
        source=f"BAH frames {split}",
        videos=[kept[index].name for index in used.tolist()],
        video_index=place[names.video_index[good]],
        frame_number=names.frame_number[good],
        images=table.columns[0].keep(good).strings(),
        lines=lines,
        files=(str(path),) * len(used),
        subjects=[kept[index].subject for index in used.tolist()],
    )
    return Reading(
        annotations=build_annotations(rows, _SPACES, action_units=[field]),
        problems=tuple(sorted([*lost, *wrong], key=lambda problem: problem.line)),
        num_rows=len(rows) + len(lost),
    )


def find_bah_videos(root: Path) -> dict[str, Path]:
    """Return the lists of videos by split."""
    return find_lists(root, _LISTS, lambda line: _parse(line.partition(",")[0]) is not None)


def find_bah_frames(root: Path) -> dict[str, Path]:
    """Return the lists of frames by split."""
    return find_lists(root, _LISTS, _is_frame)


def _is_frame(line: str) -> bool:
    names = parse_image_names(encode([line.partition(",")[0]]), _PREFIX)
    return bool(names.valid[0]) and _parse(names.videos[0]) is not None


def _parse(file: str) -> _Video | None:
    match = _VIDEO.fullmatch(file)
    if match is None or not is_inside(file):
        return None
    return _Video(match["name"], match["subject"])


def _read(path: Path) -> bytes:
    check_list(path)
    data = read_text(path)
    if not data:
        raise BadAnnotation(path, 1, f"must list videos such as {_EXAMPLE}, got nothing")
    return data


def _known(
    table: Table, names: ImageNames, videos: list[_Video | None], listed: Path
) -> tuple[NDArray[np.bool_], list[Problem]]:
    """Return which rows are frames of known videos, and a problem for each other row."""
    is_video = np.array([video is not None for video in videos], bool)
    if listed.is_file():
        known = set(read_bah_videos(listed, "").annotations.videos)
        is_listed = np.array(
            [video is None or video.name in known for video in videos], bool
        )
    else:
        is_listed = np.ones(len(videos), bool)
    named = names.valid.copy()
    named[named] = is_video[names.video_index[named]]
    good = named.copy()
    good[good] = is_listed[names.video_index[good]]
    problems = []
    for row in np.flatnonzero(~good).tolist():
        rule = (
            f"the video of a frame must be in {listed}"
            if named[row]
            else f"a row must be <video>/frame-<number>.jpg and 0 or 1, such as {_EXAMPLE}"
            "/frame-0.jpg,1"
        )
        text = f"{rule}, got {table.columns[0][row][:100]!r}"
        problems.append(Problem(table.path, int(table.lines[row]), Kind.BAD_NAME, text))
    return good, problems


VIDEO_FORMAT = Format(
    name="bah-videos",
    title="BAH, per video",
    layout="split/train.txt, val.txt and test.txt, videos in Videos/",
    find=find_bah_videos,
    read=read_bah_videos,
    image_folders=("",),
    first_frame=0,
    terms=TERMS,
    license=LICENSE,
)
FRAME_FORMAT = Format(
    name="bah-frames",
    title="BAH, per frame",
    layout="split-frames/train.txt, val.txt and test.txt, frames in cropped-aligned-faces/",
    find=find_bah_frames,
    read=read_bah_frames,
    image_folders=("cropped-aligned-faces", "cropped_aligned"),
    first_frame=0,
    terms=TERMS,
    license=LICENSE,
)
