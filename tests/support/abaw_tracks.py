"""Lists and tables that look like those of BAH and Hume-Vidmimic2, made up."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

EMI_HEADER = "Filename,Admiration,Amusement,Determination,Empathic Pain,Excitement,Joy"
EMI_TABLES = {"train": "train_split.csv", "val": "valid_split.csv"}
SPLITS = ("train", "val", "test")


def bah_video(person: int, question: int = 1) -> str:
    """Return the name of a video without its folders and suffix."""
    return f"{90000 + person}_Question_{question}_2024-11-18_16-07-42_Video"


def bah_path(person: int, question: int = 1) -> str:
    """Return the name of a video as the lists have it."""
    return f"Videos/{90000 + person}/Visite_1/{bah_video(person, question)}.mp4"


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def write_bah(
    root: Path, labels: Mapping[str, Sequence[Sequence[int]]] | None = None
) -> Path:
    """Write both kinds of lists; a video has a label if one of its frames has.

    Args:
        root: Folder of the data set.
        labels: Split -> label of each frame of each video, one person each; persons are
            numbered through all splits.
    """
    labels = labels or {split: [[0, 0, 1], [0, 0]] for split in SPLITS}
    person = 0
    for split in SPLITS:
        videos, frames = [], []
        for of_frames in labels[split]:
            path = bah_path(person)
            videos.append(f"{path},{max(of_frames)},Well, made up, of course.")
            frames += [f"{path}/frame-{n}.jpg,{a}" for n, a in enumerate(of_frames)]
            person += 1
        write_lines(root / "split" / f"{split}.txt", videos)
        write_lines(root / "split-frames" / f"{split}.txt", frames)
    return root


def write_emi(root: Path, rows: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Write the table of each split from rows of a number and six intensities."""
    for split, table in rows.items():
        lines = [",".join(map(str, row)) for row in table]
        write_lines(root / EMI_TABLES[split], [EMI_HEADER, *lines])
    return root
