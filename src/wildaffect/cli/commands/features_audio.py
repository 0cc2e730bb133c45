"""Compute features of the sound of videos and store them.

Examples:
    wildaffect features audio videos -o features

    wildaffect features audio videos --speech-network wavlm-base --name voice -o features
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `features audio`."""

    inputs: Annotated[tuple[str, ...], Positional("INPUT")]
    """Videos, and folders of videos."""
    output: Path
    """Folder of the feature store; created if missing."""
    speech_network: Path | None = None
    """Folder of a speech network with your own weights, as transformers saves them: wav2vec
    2.0, HuBERT, WavLM, data2vec or Whisper (needs the extra `speech`). Rows every 0.1 s;
    by default log-mel energies every 0.01 s."""
    name: str | None = None
    """Name of the feature set; by default logmel, or that of the network's folder."""
    dtype: Literal["float16", "float32"] = "float16"
    """Data type of the stored features."""
    overwrite: bool = False
    """Overwrite features of another version of the video."""


def run(command: Command) -> int:
    """Extract missing features; return 1 if any file has none."""
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.workflows.extract_audio import extract_audio

    with ProgressDisplay() as progress:
        result = extract_audio(
            command.inputs,
            command.output,
            network=command.speech_network,
            name=command.name,
            dtype=command.dtype,
            overwrite=command.overwrite,
            on_progress=partial(progress.show, "videos"),
        )
        for trouble in (*result.errors, *result.notes):
            progress.print(f"wildaffect: {trouble}")
    print(
        f"{result.store}: {result.feature_set} of {result.num_done} videos, "
        f"{result.num_kept} left as they were, {len(result.errors)} failed"
    )
    return 1 if result.errors else 0
