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
from wildaffect.core.errors import MissingData
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.data.annotated import fullest_layout, read_annotated
from wildaffect.data.check_images import check_images, find_image_folder
from wildaffect.features.crops import MARKER
from wildaffect.features.packs import Pack, PackedImage, open_pack
from wildaffect.formats.detect import FORMATS, detect
from wildaffect.formats.mapping import map_spaces
from wildaffect.losses.statistics import LabelStatistics
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
        UsageError: If there is no such split, or the labels cannot be mapped.
    """
    layout = place.layout or fullest_layout(place.data)
    annotated = read_annotated(place.data, layout=layout, split=split)
    annotations = annotated.annotations
    if spaces is not None and spaces != annotations.spaces:
        annotations = map_spaces(annotations, spaces).annotations
    known = FORMATS[layout] if layout else detect(place.data)[0].format
    folders = [place.data / name for name in known.image_folders]
    folder = place.images or find_image_folder(annotations, folders)
    if folder is None:
        raise MissingData(
            f"{place.data}: found no crops of {annotations.source} in "
            f"{', '.join(known.image_folders)}; name their folder with --images"
        )
    pack = open_pack(folder)
    found = check_images(
        annotations,
        folder,
        is_video=known.is_video,
        packed=pack.folders if pack else None,
    )
    labeled = _is_labeled(annotations)
    rows = np.flatnonzero(found.present & labeled)
    if not len(rows):
        raise MissingData(
            f"{folder}: found none of the {int(labeled.sum())} labeled crops of "
            f"{annotations.source}; name their folder with --images"
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
    columns = {
        name: getattr(annotations, name)[rows]
        for task in Task
        for name in (str(task), f"{task}_valid")
    }
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
        **columns,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Labels of N images per task, with masks."""

    targets: dict[Task, NDArray[np.generic]]
    """Valence, arousal and class (N,), action units (N, K)."""
    valid: dict[Task, NDArray[np.bool_]]

    def of_rows(
        self, rows: NDArray[np.int64], device: torch.device
    ) -> tuple[dict[Task, Tensor], dict[Task, Tensor]]:
        """Return targets and masks of the given images, each as a window of one row."""
        targets, valid = {}, {}
        for task in Task:
            dtype = torch.int64 if task == Task.EXPRESSION else torch.float32
            values = torch.from_numpy(self.targets[task][rows]).unsqueeze(1)
            targets[task] = values.to(device, dtype)
            mask = torch.from_numpy(self.valid[task][rows]).unsqueeze(1)
            valid[task] = mask.to(device)
        return targets, valid

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Return the tasks with at least one label."""
        return tuple(task for task in Task if self.valid[task].any())


def join_labels(sets: Sequence[LabeledCrops]) -> Labels:
    """Concatenate the labels of all sets, which must have the same label spaces."""
    return Labels(
        targets={
            task: np.concatenate(
                [getattr(image_set.annotations, task) for image_set in sets]
            )
            for task in Task
        },
        valid={
            task: np.concatenate(
                [getattr(image_set.annotations, f"{task}_valid") for image_set in sets]
            )
            for task in Task
        },
    )


def joined_paths(sets: Sequence[LabeledCrops]) -> tuple[CropFile, ...]:
    """Concatenate the crops of all sets."""
    return tuple(path for image_set in sets for path in image_set.paths)


def count_image_labels(labels: Labels, spaces: LabelSpaces) -> LabelStatistics:
    """Return the label frequencies, for losses weighted by them."""
    named = labels.targets[Task.EXPRESSION][labels.valid[Task.EXPRESSION]]
    units, valid = labels.targets[Task.ACTION_UNITS], labels.valid[Task.ACTION_UNITS]
    return LabelStatistics(
        class_counts=np.bincount(named.astype(np.int64), minlength=len(spaces.expressions)),
        unit_positive=((units == 1) & valid).sum(0),
        unit_total=valid.sum(0),
    )


def _file(folder: Path, pack: Pack | None, name: str) -> CropFile:
    return PackedImage(pack, pack.places[name]) if pack else folder / name


def _is_labeled(annotations: Annotations) -> NDArray[np.bool_]:
    return (
        annotations.valence_valid
        | annotations.arousal_valid
        | annotations.expression_valid
        | annotations.action_units_valid.any(1)
    )
