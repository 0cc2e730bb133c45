"""Images and subjects of a complete system."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wildaffect.core.errors import MissingData, SplitError, UsageError
from wildaffect.data.annotated import fullest_layout, read_annotated
from wildaffect.data.check_images import find_image_folder
from wildaffect.data.subject_overlap import SubjectSet, check_disjoint, subject_set
from wildaffect.features.crops import crop_size
from wildaffect.formats.detect import Found, detect
from wildaffect.workflows.ensemble import MIN_VALIDATION_SUBJECTS
from wildaffect.workflows.system_options import PixelSystemOptions


@dataclass(frozen=True, slots=True)
class FaceImages:
    """The face images of one data set, and where their crops are or will be."""

    data: Path
    images: Path
    crops: Path

    @property
    def is_cut(self) -> bool:
        """Return whether the images are crops already."""
        return self.images == self.crops


def labeled_images(command: PixelSystemOptions) -> tuple[FaceImages, ...]:
    """Return the images of the feature data, in order.

    Raises:
        MissingData: If a set's annotations or images are missing, or the file with its
            crop options is damaged.
        UsageError: If images are given for some sets only, or are crops that are too
            small.
    """
    given = command.feature_images
    if given and len(given) != len(command.feature_data):
        raise UsageError(
            f"feature_images: must be given once per set ({len(command.feature_data)}), "
            f"got {len(given)}"
        )
    folders = given or [images_of(data, "feature_images") for data in command.feature_data]
    return tuple(
        _face_images(command, data, images)
        for data, images in zip(command.feature_data, folders, strict=True)
    )


def every_image(command: PixelSystemOptions) -> tuple[FaceImages, ...]:
    """Return the images of the feature data, then those without labels.

    Raises:
        MissingData: If a set's annotations or images are missing.
        UsageError: If the crops of two sets would be in one folder, or images are given
            for some sets only.
    """
    further = [_face_images(command, folder, folder) for folder in command.unlabeled]
    sets = (*labeled_images(command), *further)
    places = {image_set.crops for image_set in sets}
    if len(places) != len(sets):
        raise UsageError(
            "feature_data: folders must have names of their own, got "
            f"{', '.join(image_set.crops.name for image_set in sets)}; rename one"
        )
    return sets


def images_of(data: Path, name: str) -> Path:
    """Return the folder of a data set's images.

    Raises:
        MissingData: If there is no such folder; the message names the setting for it.
    """
    known = layout_of(data)
    split = next(iter(known.splits))
    read = read_annotated(data, layout=known.format.name, split=split).annotations
    names = known.format.image_folders
    folder = find_image_folder(read, [data / name for name in names])
    if folder is None:
        raise MissingData(
            f"{data}: images of {read.source} must lie in one of {', '.join(names)}, got "
            f"none; name their folder as {name}"
        )
    return folder


def layout_of(data: Path) -> Found:
    """Return the layout of a data set, that of all tasks if there are several.

    Raises:
        MissingData: If there is no known layout.
    """
    return detect(data, fullest_layout(data))[0]


def check_people(command: PixelSystemOptions) -> None:
    """Check that data sets share no subjects and that there are enough validation subjects.

    The ensemble, hours later, is calibrated by cross-fitting over validation subjects.

    Raises:
        SplitError: If a subject is in both, or there are fewer than two validation
            subjects.
        MissingData: If annotations are missing.
        UsageError: If the data have no split of the name.
    """
    validation = _subject_set(command.data, (command.split,))
    if len(validation.subjects) < MIN_VALIDATION_SUBJECTS:
        raise SplitError(
            f"{command.data}: {command.split} must hold at least "
            f"{MIN_VALIDATION_SUBJECTS} subjects, "
            f"got {len(validation.subjects)}; choose another split"
        )
    feature_subjects = [
        _subject_set(data, tuple(layout_of(data).splits)) for data in command.feature_data
    ]
    check_disjoint(feature_subjects, _subject_set(command.data, ("train", command.split)))


def _subject_set(data: Path, splits: Sequence[str]) -> SubjectSet:
    layout = layout_of(data).format.name
    read = [
        read_annotated(data, layout=layout, split=split).annotations for split in splits
    ]
    return subject_set(data, layout, read)


def _face_images(command: PixelSystemOptions, named: Path, images: Path) -> FaceImages:
    size_px = crop_size(images)
    if size_px is None:
        crops = command.folder / "crops" / named.resolve().name
        return FaceImages(named, images, crops)
    if size_px < command.recipe.crop_size_px:
        raise UsageError(
            f"{images}: crops must have {command.recipe.crop_size_px} px or more for "
            f"{command.recipe.system.name}, got {size_px}; cut them again "
            f"with wildaffect crop --size {command.recipe.crop_size_px}"
        )
    return FaceImages(named, images, images)
