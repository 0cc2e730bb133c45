"""Annotations in every layout, lists, submissions, predictions, splits and maps."""

import json
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from mutations import mutate, mutate_json, mutate_lines
from pyarrow import parquet
from target import Seed, Target, files_below

from wildaffect.data.check_report import check_data
from wildaffect.data.splits import Fold, Splits, load_splits, save_splits
from wildaffect.evaluation.inputs import read_class_map, read_video_names
from wildaffect.evaluation.submission_rows import read_submission_rows
from wildaffect.evaluation.tables import read_predictions
from wildaffect.formats.detect import detect
from wildaffect.formats.frame_lists import HEADERS, Track, read_frame_list
from wildaffect.formats.generated import find_generated
from wildaffect.formats.submission_check import check_submission

_EIGHT = "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
_TWELVE = "AU1,AU2,AU4,AU6,AU7,AU10,AU12,AU15,AU23,AU24,AU25,AU26"
_AFFECTNET = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,"
    "expression,valence,arousal"
)
_FER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
    "unknown,NF"
)
_MTL_ROWS = [f"v/{n:05d}.jpg,0.5,-0.25,{n % 8},{','.join('01' * 6)}" for n in (1, 2, 5, 6)]


def _text(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _layouts() -> dict[str, bytes]:
    """Return one file of each layout, by the path that the layout has for it."""
    units = ["\t".join(["u/Images/a.jpg", "o", *["999"] * 11, "1", *["999"] * 48])] * 3
    bp4d = ["0," + ",".join(map(str, range(1, 40)))]
    bp4d += [f"{n}," + ",".join(["0"] * 39) for n in range(1, 5)]
    return {
        "training_set_annotations.txt": _text(
            "image,valence,arousal,expression,aus", *_MTL_ROWS
        ),
        "VA_Estimation_Challenge/Train_Set/v.txt": _text(
            "valence,arousal", "0.1,0.2", "-5,-5", "1,-1"
        ),
        "EXPR_Classification_Challenge/Train_Set/v.txt": _text(_EIGHT, "0", "-1", "7"),
        "AU_Detection_Challenge/Train_Set/v.txt": _text(_TWELVE, *[",".join("01" * 6)] * 3),
        "training.csv": _text(
            _AFFECTNET, *[f"1/{n}.jpg,1,2,3,4,1.5;2,{n},0.5,-0.5" for n in range(4)]
        ),
        "EmoLabel/list_patition_label.txt": _text("train_00001.jpg 1", "test_0001.jpg 4"),
        "fer2013new.csv": _text(
            _FER, "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0", "PublicTest,,1,0,0,0,0,0"
        ),
        "dataFile_0001.txt": _text(*units),
        "AUCoding/AU_OCC/F001_T1.csv": _text(*bp4d),
        "manifest.csv": _text(
            "image,video,frame,subject,split,valence,arousal,expression,AU01,AU12",
            *[f"a/{n}.jpg,v,{n},s,train,0.5,0.1,Fear,1,0" for n in range(4)],
        ),
    }


def _annotations() -> list[Seed]:
    seeds = [
        Seed(files={name: data}, spoiled={name: partial(_spoil_text, name)})
        for name, data in _layouts().items()
    ]
    units = {f"SN001/SN001_au{n}.txt": _text("1,0", "2,1", "3,2") for n in _DISFA}
    disfa = {f"ActionUnit_Labels/{name}": data for name, data in units.items()}
    seeds.append(Seed(files=disfa, spoiled=dict.fromkeys(disfa, mutate_lines)))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        parts = root / "train_set" / "annotations"
        parts.mkdir(parents=True)
        for part, value in (("exp", "1"), ("val", "0.5"), ("aro", 0.25)):
            np.save(parts / f"1_{part}.npy", value)
        arrays = files_below(root)
    seeds.append(Seed(files=arrays, spoiled=dict.fromkeys(arrays, mutate)))
    table = pa.table({"image": ["1.jpg", "2.jpg"], "valence": [0.5, None], "AU01": [1, 0]})
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    data = sink.getvalue().to_pybytes()
    seeds.append(
        Seed(files={"manifest.parquet": data}, spoiled={"manifest.parquet": mutate})
    )
    return seeds


_DISFA = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)


def _spoil_text(name: str, data: bytes, random) -> bytes:
    separators = {"dataFile_0001.txt": b"\t", "EmoLabel/list_patition_label.txt": b" "}
    return mutate_lines(data, random, separators.get(name, b","))


def _check(folder: Path) -> None:
    for found in detect(folder):
        check_data(folder, found, images=None, max_images=10)


def _lists() -> list[Seed]:
    names = [row.split(",", 1)[0] for row in _MTL_ROWS]
    files = {
        "list.txt": _text(HEADERS[Track.MTL], *(f"{name}," for name in names)),
        "submission.txt": _text(HEADERS[Track.MTL], *_MTL_ROWS),
    }
    return [Seed(files=files, spoiled=dict.fromkeys(files, mutate_lines))]


def _check_lists(folder: Path) -> None:
    frames = read_frame_list(folder / "list.txt")
    for track in Track:
        check_submission(folder / "submission.txt", frames, track)
    read_predictions(folder / "submission.txt")


def _predictions() -> list[Seed]:
    rows = [
        f"{n},{n / 30},ok,0.5,-0.5,Fear,0.2,{'true' if n % 2 else 'false'}"
        for n in range(5)
    ]
    header = "frame,time_s,status,valence,arousal,expression,AU01,AU01_present"
    result = Seed(
        files={"t/v.csv": _text(header, *rows)}, main="t", spoiled={"t/v.csv": mutate_lines}
    )
    image = Seed(
        files={"p.csv": _text("image,valence,arousal,expression", *_PREDICTED)},
        main="p.csv",
        spoiled={"p.csv": mutate_lines},
    )
    return [result, image]


_PREDICTED = [f"v/{n:05d}.jpg,0.5,0.1,Fear" for n in range(1, 5)]


def _read_predicted(path: Path) -> None:
    read_predictions(path)
    read_submission_rows(path)


def _documents() -> list[Seed]:
    fold = Fold(name="fold0", train=("a",), val=("b",))
    other = Fold(name="fold1", train=("b",), val=("a",))
    splits = Splits(
        kind="by-video", source="s", subjects={"a": "x", "b": "y"}, folds=(fold, other)
    )
    with tempfile.TemporaryDirectory() as folder:
        save_splits(splits, Path(folder) / "folds.json")
        files = files_below(Path(folder))
    files["classes.json"] = json.dumps({"happy": "Happiness", "odd": None}).encode()
    files["provenance.json"] = json.dumps(
        {"made_by": "generated world", "preset": "p", "seed": 1, "license": "x"}
    ).encode()
    files["names.txt"] = b"a\nb\n"
    spoiled = {name: mutate_json for name in files if name.endswith("json")}
    return [Seed(files=files, spoiled=spoiled | {"names.txt": mutate_lines})]


def _read_documents(folder: Path) -> None:
    find_generated(folder)
    read_video_names(folder / "names.txt")
    read_class_map(folder / "classes.json")
    load_splits(folder / "folds.json")


ANNOTATION_TARGETS = (
    Target(
        name="annotations", make=_annotations, read=_check, may_say_more=True, weight=12
    ),
    Target(name="lists", make=_lists, read=_check_lists, weight=3),
    Target(name="predictions", make=_predictions, read=_read_predicted, weight=3),
    Target(name="splits", make=_documents, read=_read_documents, weight=2),
)
