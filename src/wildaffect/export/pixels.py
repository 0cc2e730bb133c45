"""The proof from raw pixels: one clip through the analyzer, once per kind of network.

Symbols: T rows, D features.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from wildaffect.inference.checks import EmbedCrops
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.manifest import BackboneInput
from wildaffect.inference.model import Model
from wildaffect.models.backbones.backbone import Backbone
from wildaffect.models.multitask import MultitaskModel

LARGEST_CHANGE = 1e-3
"""Between what analysis says with the files and with the models: in values, probabilities
and spread. Networks may differ by less than a tenth of it; temperature can widen that."""
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
    """How far two analyses of one clip differ."""

    num_rows: int
    """Rows in which affect was said."""
    largest: dict[str, float]
    """Largest difference by kind of value."""


class TorchNetwork:
    """A trained model in the place of its exported file."""

    def __init__(self, model: MultitaskModel) -> None:
        self._model = model.eval()
        self.input_names = INPUTS
        self.output_names = tuple(map(str, model.config.tasks))
        self.input_widths = {"features": model.input_dim, "lengths": None, "times_s": None}

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[np.float32], ...]:
        """Run once, as `runtime.network.Network` does."""
        with torch.inference_mode():
            said = self._model(*(torch.from_numpy(one) for one in inputs))
        return tuple(outputs.numpy() for outputs in said.values())


def pixel_parity(
    artifact: Artifact,
    models: Sequence[MultitaskModel],
    frames: Iterable[Frame],
    backbones: Mapping[str, Backbone] | None = None,
) -> PixelParity:
    """Return how far analysis with the files differs from analysis with the models.

    Args:
        artifact: Of the exported networks.
        models: What each member was exported from.
        frames: Of a clip, in order; they are read once and kept.
        backbones: The same of each backbone, by the name of its input.

    Raises:
        BadArtifact: As `compare_rows` does.
    """
    kept = list(frames)
    options = AnalysisOptions()
    exported = list(Analyzer(artifact, options).run(kept))
    stand_in = Analyzer(
        artifact,
        options,
        model=Model(artifact, options.device, [TorchNetwork(model) for model in models]),
        inputs=Inputs(artifact, options.device, backbones=_in_torch(artifact, backbones)),
    )
    return compare_rows(exported, list(stand_in.run(kept)))


def compare_rows(
    exported: Sequence[FaceResult], trained: Sequence[FaceResult]
) -> PixelParity:
    """Return how far two analyses of the same frames differ.

    Raises:
        BadArtifact: If a value differs by more than `LARGEST_CHANGE`, or no row says
            anything of a face.
    """
    pairs = list(_pairs(exported, trained))
    if not pairs:
        raise BadArtifact(
            "export: the clip must show a face for parity, got no row with one; choose "
            "another with --clip"
        )
    largest = {name: max(_difference(*pair, name) for pair in pairs) for name in VALUES}
    for name, difference in largest.items():
        if not difference <= LARGEST_CHANGE:
            raise BadArtifact(
                f"export: {name} of the analyzed clip must be within {LARGEST_CHANGE:g} of "
                f"the trained model's, got {difference:g}"
            )
    return PixelParity(num_rows=len(pairs), largest=largest)


def _in_torch(
    artifact: Artifact, backbones: Mapping[str, Backbone] | None
) -> dict[str, EmbedCrops]:
    """Return what stands in for the artifact's backbones, by the name of the input."""
    return {
        wanted.name: embed_in_torch(
            (backbones or {})[wanted.name].eval(), wanted.preprocess
        )
        for wanted in artifact.manifest.inputs
        if isinstance(wanted, BackboneInput)
    }


def demo_frames() -> Iterator[Frame]:
    """Yield the clip that ships with the package, frame by frame."""
    portrait = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    for index, time_s in enumerate(times()):
        yield Frame(index=index, time_s=time_s, rgb=view(portrait, time_s))


def _pairs(
    exported: Sequence[FaceResult], trained: Sequence[FaceResult]
) -> Iterator[tuple[Affect, Affect]]:
    for mine, other in zip(exported, trained, strict=True):
        if (mine.affect is None) != (other.affect is None):
            raise BadArtifact(
                f"export: frame {mine.frame_index} must have affect in both analyses, got "
                "it in one"
            )
        if mine.affect is not None and other.affect is not None:
            yield mine.affect, other.affect


def _difference(mine: Affect, other: Affect, name: str) -> float:
    """Return the largest difference of a value; NaN on both sides is none."""
    pair = getattr(mine, name), getattr(other, name)
    if pair[0] is None and pair[1] is None:
        return 0.0
    here, there = (np.asarray(one, np.float64) for one in pair)
    if not np.array_equal(np.isnan(here), np.isnan(there)):
        return float("inf")
    return float(np.nan_to_num(np.abs(here - there)).max())
