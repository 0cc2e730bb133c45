"""Compute features of the sound of videos, and store them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from wildaffect.core.errors import FeatureError, MissingExtra, UnreadableVideo
from wildaffect.core.printable import counted
from wildaffect.features.extract_sources import ExtractSource, find_extract_sources
from wildaffect.features.records import Precision
from wildaffect.features.sound import SoundSet, extract_sound, log_mel_set
from wildaffect.features.store import FeatureStore
from wildaffect.video.inputs import local_path


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AudioResult:
    """Outcome of an extraction of sound."""

    store: Path
    feature_set: str
    num_done: int
    num_kept: int
    """Videos that the store had before."""
    errors: tuple[str, ...]
    """What was wrong with each file that has no features, such as no sound."""
    notes: tuple[str, ...] = ()
    """Damage of files that could be read in part."""

    def __repr__(self) -> str:
        failed = f", {len(self.errors)} failed" if self.errors else ""
        return (
            f"AudioResult({self.store}: {self.feature_set} of "
            f"{counted(self.num_done, 'video')}, {self.num_kept} kept{failed})"
        )


def extract_audio(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    network: str | Path | None = None,
    name: str | None = None,
    dtype: Precision = "float16",
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> AudioResult:
    """Extract features of every video's sound that is not in the store yet.

    A file without sound or that cannot be read does not stop the others.

    Args:
        inputs: Files with sound, and folders of videos.
        output: Folder of the feature store; created if missing.
        network: Folder of a speech network: wav2vec 2.0, HuBERT, WavLM, data2vec or
            Whisper as transformers saves them. None for log-mel energies.
        name: Name of the feature set; `logmel`, or that of the network's folder.
        dtype: Data type of the stored features.
        overwrite: Overwrite features of another version of a file.
        on_progress: Called with the number of files done and their total.

    Raises:
        UsageError: If two files have the same name, or the folder is no speech network.
        MissingExtra: If a speech network is used and transformers is not installed.
        BadWeights: If its weights are missing or of another architecture.
        UnreadableVideo: If a folder contains no videos.
        OutputError: If the store cannot be written to.
    """
    given = (inputs,) if isinstance(inputs, str | Path) else inputs
    sources = _sources([local_path(each) for each in given])
    store, sound_set = FeatureStore(Path(output)), _sound_set(network, name)
    store.make_folder()
    num_done = num_kept = 0
    errors: list[str] = []
    notes: list[str] = []
    for place, source in enumerate(sources, start=1):
        try:
            is_new, damage = extract_sound(
                source, store, sound_set, dtype=dtype, overwrite=overwrite
            )
            num_done, num_kept = num_done + is_new, num_kept + (not is_new)
            notes += damage
        except (UnreadableVideo, FeatureError) as error:
            errors.append(str(error))
        if on_progress is not None:
            on_progress(place, len(sources))
    return AudioResult(
        store=store.root,
        feature_set=sound_set.name,
        num_done=num_done,
        num_kept=num_kept,
        errors=tuple(errors),
        notes=tuple(notes),
    )


def _sound_set(network: str | Path | None, name: str | None) -> SoundSet:
    if network is None:
        made = log_mel_set()
        return replace(made, name=name or made.name)
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise MissingExtra("a speech network", "speech")
    from wildaffect.models.speech.encoder import speech_set  # noqa: PLC0415 - torch

    return speech_set(Path(network), name)


def _sources(paths: Sequence[Path]) -> list[ExtractSource]:
    found = find_extract_sources(paths, "crops")
    return [source for source in found if source.images is None]
