"""Features of crops and clips, computed in the inference runtime.

Symbols: N faces or clips, B batch, T frames of a clip, S side of the crop, C channels, D
features.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FaceObservation
from wildaffect.core.preprocess import Preprocess
from wildaffect.features.clips import Clip
from wildaffect.runtime.network import Device, Network

NETWORK_BATCH = 8
"""Batch size of the network. It is fixed, so that the runtime plans memory and fuses layers
once, and small, so that activations stay in the caches."""


class Embedder:
    """A backbone in the runtime; crops are normalized inside the network.

    Args:
        onnx: Network from normalized crops (B, C, S, S) to features (B, D), with dynamic B.
        preprocess: Preprocessing of its crops.
        device: Device and precision.
        batch: Batch size; 1 if faces come one at a time.

    Raises:
        BadArtifact: If the network cannot be read or the device is not available.
    """

    def __init__(
        self,
        onnx: bytes,
        preprocess: Preprocess,
        device: Device,
        *,
        batch: int = NETWORK_BATCH,
    ) -> None:
        side, channels = preprocess.size_px, len(preprocess.mean)
        self._network = Network(
            onnx,
            device=device,
            shapes={0: (batch, channels, side, side)},
            scaling=preprocess,
        )
        self._batch = np.zeros((batch, side, side, channels), np.uint8)

    def __call__(self, faces: Sequence[FaceObservation]) -> NDArray[np.float32]:
        """Return the features of faces with their crops, shape (N, D), N > 0."""
        return self.embed([face.crops[0] for face in faces])

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return the features of crops (S, S, C), shape (N, D), N > 0.

        An incomplete last batch is filled with earlier crops, which has no effect.
        """
        rows = []
        for start in range(0, len(crops), len(self._batch)):
            taken = crops[start : start + len(self._batch)]
            np.stack(taken, out=self._batch[: len(taken)])
            rows.append(self._network(self._batch)[0][: len(taken)])
        return np.concatenate(rows)


class ClipEmbedder:
    """A video backbone in the runtime; crops are normalized inside the network.

    Args:
        onnx: Network from the normalized crops of a clip (T, C, S, S) to features (1, D).
        preprocess: Preprocessing of its crops.
        device: Device and precision.
        num_frames: Number of frames of a clip, T.

    Raises:
        BadArtifact: If the network cannot be read or the device is not available.
    """

    def __init__(
        self, onnx: bytes, preprocess: Preprocess, device: Device, num_frames: int
    ) -> None:
        side, channels = preprocess.size_px, len(preprocess.mean)
        self._network = Network(
            onnx,
            device=device,
            shapes={0: (num_frames, channels, side, side)},
            scaling=preprocess,
        )

    def __call__(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """Return the features of clips, shape (N, D), N > 0."""
        return np.concatenate([self._network(np.stack(clip.crops))[0] for clip in clips])
