"""Import features from other programs into a feature store: of faces, sound or text.

Examples:
    wildaffect features import mae.h5 --name mae -o features
    --annotations training_set_annotations.txt validation_set_annotations.txt

    wildaffect features import wav2vec.npz --name voice --rows-are moments -o features
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `features import`."""

    file: Annotated[Path, Positional("FILE")]
    """HDF5 with <video>/feature, npz with arrays named <video>/feature, or CSV or Parquet
    with columns video, frame or time_s, and one per feature."""
    name: str
    """Name of the feature set in the store."""
    output: Path
    """Folder of the feature store; created if missing."""
    rows_are: Literal["frames", "moments", "clip"] = "frames"
    """What a row belongs to: a frame by its number; a moment by its time_s, as in features
    of sound; or the whole clip, with one row per video."""
    annotations: tuple[Path, ...] = ()
    """Multi-task annotation files of Aff-Wild2 whose row order the features follow, for
    files without frame numbers; otherwise rows are numbered from 1."""
    dtype: Literal["float16", "float32"] = "float32"
    """Data type of the stored features."""
    json: bool = False
    """Print the report as JSON on standard output."""


def run(command: Command) -> int:
    """Import every video of the file."""
    import json
    from dataclasses import asdict

    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.features.importing import import_features, numbers_by_video
    from wildaffect.features.store import FeatureStore
    from wildaffect.formats.affwild2_mtl import read_mtl

    with ProgressDisplay() as progress:
        progress.show(f"importing {command.file.name}")
        known = [read_mtl(path).annotations for path in command.annotations]
        imported = import_features(
            command.file,
            FeatureStore(command.output),
            feature_set=command.name,
            rows=command.rows_are,
            numbers=numbers_by_video(known) or None,
            dtype=command.dtype,
        )
    print(
        json.dumps(asdict(imported))
        if command.json
        else f"{command.output}: {imported.num_videos} videos, {imported.num_rows} rows as "
        f"{command.name!r} ({imported.num_repeats} duplicate frames skipped)"
    )
    return 0
