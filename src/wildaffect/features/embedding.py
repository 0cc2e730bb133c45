"""Crops to features in the inference runtime.

Symbols: N faces, B batch, S side of the crop, C channels, D features.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.faces import FaceObservation
from wildaffect.core.preprocess import Preprocess
from wildaffect.runtime.network import Device, Network

NETWORK_BATCH = 8
"""Crops in one call of the network. The size is fixed, so that the runtime plans memory and
joins layers once, and small, so that what lies between layers stays in the caches."""


class Embedder:
    """A backbone in the runtime; crops are normalized inside the network.

    Args:
        onnx: The network, normalized crops (B, C, S, S) to features (B, D), B left open.
        preprocess: How its crops are cut and normalized.
        device: Where it runs, and in which precision.
        batch: Crops in one call; 1 where faces come one by one.

    Raises:
        BadArtifact: If the network cannot be read or the device is not there.
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
        """Return the features of faces that carry their crop, shape (N, D), N > 0."""
        return self.embed([face.crops[0] for face in faces])

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return the features of crops (S, S, C), shape (N, D), N > 0.

        The places of a last batch that is not full hold the crops before it; they change
        nothing.
        """
        rows = []
        for start in range(0, len(crops), len(self._batch)):
            taken = crops[start : start + len(self._batch)]
            np.stack(taken, out=self._batch[: len(taken)])
            rows.append(self._network(self._batch)[0][: len(taken)])
        return np.concatenate(rows)
