"""Parity check from raw pixels: analyze a clip with the exported and the torch networks.

Symbols: T rows, D features.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtifact
from wildaffect.core.frames import Frame
from wildaffect.core.results import Affect, FaceResult
from wildaffect.demo.clip import PORTRAIT, times, view
from wildaffect.export.backbone import embed_in_torch
from wildaffect.export.onnx import INPUTS
from wildaffect.inference.analyzer import AnalysisOptions, Analyzer
from wildaffect.inference.artifact import Artifact
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.manifest import BackboneInput
from wildaffect.inference.model import Model
from wildaffect.models.backbones.backbone import Backbone
from wildaffect.models.build import TemporalModel
from wildaffect.video.read import open_source

LARGEST_CHANGE = 1e-3
"""Maximum difference between analyses with files and with models, in values, probabilities
and spread. Ten times that of networks, because the temperature can amplify it."""
VALUES = (
    "valence",
    "arousal",
    "valence_sd",
    "arousal_sd",
    "expression_probs",
    "action_unit_probs",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelParity:
    """Differences between two analyses of a clip."""

    num_rows: int
    """Number of rows with affect."""
    largest: dict[str, float]
    """Largest difference by kind of value."""


class TorchNetwork:
    """Trained model as a replacement of its exported file."""

    def __init__(self, model: TemporalModel) -> None:
        self._model = model.eval()
        self.input_names = INPUTS
        self.output_names = tuple(map(str, model.config.tasks))
        self.input_widths = {"features": model.input_dim, "lengths": None, "times_s": None}

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[np.float32], ...]:
        """Run the model, like `runtime.network.Network`."""
        with torch.inference_mode():
            predicted = self._model(*(torch.from_numpy(array) for array in inputs))
        return tuple(outputs.numpy() for outputs in predicted.values())


def pixel_parity(
    artifact: Artifact,
    models: Sequence[TemporalModel],
    frames: Iterable[Frame],
    backbones: Mapping[str, Backbone] | None = None,
) -> PixelParity:
    """Compare analyses with the exported files and with the torch models.

    Args:
        artifact: Artifact with the exported networks.
        models: Torch model of each member.
        frames: Frames of a clip, in order.
        backbones: Torch model of each backbone, by the name of its input.

    Raises:
        BadArtifact: As `compare_rows` does.
    """
    kept = list(frames)
    options = AnalysisOptions()
    in_torch = {
        item.name: embed_in_torch((backbones or {})[item.name].eval(), item.preprocess)
        for item in artifact.manifest.inputs
        if isinstance(item, BackboneInput)
    }
    exported = list(Analyzer(artifact, options).run(kept))
    stand_in = Analyzer(
        artifact,
        options,
        model=Model(artifact, options.device, [TorchNetwork(model) for model in models]),
        inputs=Inputs(artifact, options.device, backbones=in_torch),
    )
    return compare_rows(exported, list(stand_in.run(kept)))


def compare_rows(
    exported: Sequence[FaceResult], trained: Sequence[FaceResult]
) -> PixelParity:
    """Compare two analyses of the same frames.

    Raises:
        BadArtifact: If a value differs by more than `LARGEST_CHANGE`, or no row has affect.
    """
    pairs = list(_pairs(exported, trained))
    if not pairs:
        raise BadArtifact(
            "export: the clip of the parity check shows no face; choose another clip"
        )
    largest = {name: max(_difference(*pair, name) for pair in pairs) for name in VALUES}
    for name, difference in largest.items():
        if not difference <= LARGEST_CHANGE:
            raise BadArtifact(
                f"export: {name} of the analyzed clip must be within {LARGEST_CHANGE:g} of "
                f"the trained model's, got {difference:g}"
            )
    return PixelParity(num_rows=len(pairs), largest=largest)


def clip_frames(clip: str | Path | None) -> Iterator[Frame]:
    """Yield the frames of a clip; None for the one included in the package."""
    if clip is not None:
        with open_source(Path(clip)) as reader:
            yield from reader
        return
    portrait = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    for index, time_s in enumerate(times()):
        yield Frame(index=index, time_s=time_s, rgb=view(portrait, time_s))


def _pairs(
    exported: Sequence[FaceResult], trained: Sequence[FaceResult]
) -> Iterator[tuple[Affect, Affect]]:
    for mine, other in zip(exported, trained, strict=True):
        if (mine.affect is None) != (other.affect is None):
            raise BadArtifact(
                f"export: frame {mine.frame_index} has affect in only one of the analyses"
            )
        if mine.affect is not None and other.affect is not None:
            yield mine.affect, other.affect


def _difference(mine: Affect, other: Affect, name: str) -> float:
    """Return the largest difference of a value; NaN equals NaN."""
    pair = getattr(mine, name), getattr(other, name)
    if pair[0] is None and pair[1] is None:
        return 0.0
    here, there = (np.asarray(value, np.float64) for value in pair)
    if not np.array_equal(np.isnan(here), np.isnan(there)):
        return float("inf")
    return float(np.nan_to_num(np.abs(here - there)).max())
