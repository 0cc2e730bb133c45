"""Labeled crops for supervised training.

Symbols: N images of all sets together, K action units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumns, concatenate
from wildaffect.core.errors import MissingData, UsageError
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.data.annotated import fullest_layout, read_annotated
from wildaffect.data.check_images import check_images, find_image_folder
from wildaffect.features.crops import MARKER
from wildaffect.features.packs import Pack, PackedImage, open_pack
from wildaffect.formats.detect import FORMATS, detect
from wildaffect.formats.mapping import map_spaces
from wildaffect.training.core.targets import to_targets
from wildaffect.training.images.crops import CropFile


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlace:
    """Location of a labeled set."""

    data: Path
    """Folder of annotations."""
    images: Path | None = None
    """Folder or pack of crops; by default a folder next to the annotations."""
    layout: str | None = None
    """Layout of the annotations, if there are several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabeledCrops:
    """Annotated rows that have a label and a crop; row n has `paths[n]`."""

    annotations: Annotations
    sha256: str | None
    """Hash of the annotation files."""
    paths: tuple[CropFile, ...]
    num_missing: int
    """Number of annotated images without a file."""
    num_unlabeled: int
    """Number of rows without any label."""
    is_cut: bool
    """True if made by `wildaffect crop`, with the alignment of extraction and analysis."""

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def subjects(self) -> NDArray[np.str_]:
        """Return the subject of each row, unique across sets, shape (N,)."""
        named = [
            f"{self.annotations.source}/{subject}" for subject in self.annotations.subjects
        ]
        return np.array(named)[self.annotations.video_index]

    def take(self, rows: NDArray[np.int64]) -> "LabeledCrops":
        """Return the given rows."""
        return LabeledCrops(
            annotations=take_rows(self.annotations, rows),
            sha256=self.sha256,
            paths=tuple(self.paths[row] for row in rows),
            num_missing=self.num_missing,
            num_unlabeled=self.num_unlabeled,
            is_cut=self.is_cut,
        )


def load_labeled(
    place: SetPlace, split: str, spaces: LabelSpaces | None = None
) -> LabeledCrops:
    """Load one split of a set.

    Args:
        place: Location of the set.
        split: Name of the split, such as `train`.
        spaces: Label spaces to map to; None for the set's own.

    Raises:
        MissingData: If there are no annotations or no crops.
        BadAnnotation: If more than 1 % of the rows have errors.
        UsageError: If there is no such split or no label, the labels are of whole clips, or
            they cannot be mapped.
    """
    layout = place.layout or fullest_layout(place.data)
    annotated = read_annotated(place.data, layout=layout, split=split)
    annotated.check_for_training()
    annotations = annotated.annotations
    if annotations.clip_level:
        raise UsageError(
            f"{annotations.source}: labels must be of images, got labels of whole clips; "
            "extract features of the clips and train on those"
        )
    if spaces is not None and spaces != annotations.spaces:
        annotations = map_spaces(annotations, spaces).annotations
    known = FORMATS[layout] if layout else detect(place.data)[0].format
    folders = [place.data / name for name in known.image_folders]
    folder = place.images or find_image_folder(annotations, folders)
    if folder is None:
        raise MissingData(
            f"{place.data}: found no crops of {annotations.source} in "
            f"{', '.join(known.image_folders)}; name the folder of images"
        )
    pack = open_pack(folder)
    found = check_images(
        annotations,
        folder,
        is_video=known.is_video,
        packed=pack.folders if pack else None,
    )
    labeled = _is_labeled(annotations)
    if not labeled.any():
        raise UsageError(
            f"{annotations.source}: rows must have labels, got none; see data check"
        )
    rows = np.flatnonzero(found.present & labeled)
    if not len(rows):
        raise MissingData(
            f"{folder}: found none of the {int(labeled.sum())} labeled crops of "
            f"{annotations.source}; name the folder of images"
        )
    return LabeledCrops(
        annotations=take_rows(annotations, rows),
        sha256=annotated.input.sha256,
        paths=tuple(_file(folder, pack, found.paths[row]) for row in rows),
        num_missing=len(found.missing),
        num_unlabeled=int((~labeled).sum()),
        is_cut=(folder / MARKER).is_file(),
    )


def take_rows(annotations: Annotations, rows: NDArray[np.int64]) -> Annotations:
    """Return the given rows; videos without rows are dropped."""
    kept, video_index = np.unique(annotations.video_index[rows], return_inverse=True)
    return Annotations(
        source=annotations.source,
        videos=tuple(annotations.videos[index] for index in kept),
        subjects=tuple(annotations.subjects[index] for index in kept),
        video_index=video_index,
        frame_number=annotations.frame_number[rows],
        images=tuple(annotations.images[row] for row in rows),
        lines=annotations.lines[rows],
        spaces=annotations.spaces,
        files=tuple(annotations.files[i] for i in kept) if annotations.files else (),
        **annotations.take_columns(rows).columns(),
    )


def join_labels(sets: Sequence[LabeledCrops]) -> TaskColumns:
    """Concatenate the labels of all sets, which must have the same label spaces."""
    return concatenate([image_set.annotations for image_set in sets])


def labeled_tasks(labels: TaskColumns) -> tuple[Task, ...]:
    """Return the tasks with at least one label."""
    return tuple(task for task in Task if labels.labeled(task).any())


def crop_targets(
    labels: TaskColumns,
    rows: NDArray[np.int64],
    device: torch.device,
    spaces: LabelSpaces,
) -> tuple[dict[Task, Tensor], dict[Task, Tensor]]:
    """Return targets and masks of the given images, each as a window of one row."""
    targets, valid = to_targets(labels.take_columns(rows), device, spaces)
    return (
        {task: values.unsqueeze(1) for task, values in targets.items()},
        {task: mask.unsqueeze(1) for task, mask in valid.items()},
    )


def joined_paths(sets: Sequence[LabeledCrops]) -> tuple[CropFile, ...]:
    """Concatenate the crops of all sets."""
    return tuple(path for image_set in sets for path in image_set.paths)


def number_videos(sets: Sequence[LabeledCrops]) -> NDArray[np.int64]:
    """Return the video of each image, numbered over all sets, shape (N,)."""
    numbers, first = [], 0
    for image_set in sets:
        numbers.append(image_set.annotations.video_index + first)
        first += len(image_set.annotations.videos)
    return np.concatenate(numbers)


def _file(folder: Path, pack: Pack | None, name: str) -> CropFile:
    return PackedImage(pack, pack.places[name]) if pack else folder / name


def _is_labeled(annotations: Annotations) -> NDArray[np.bool_]:
    return np.any([annotations.labeled(task) for task in Task], axis=0)
