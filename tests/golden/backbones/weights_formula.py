"""Weights that any program can make again: a closed formula of name, shape and index."""

import zlib
from collections.abc import Mapping

import numpy as np


def formula_tensor(name: str, shape: tuple[int, ...], *, scale: float) -> np.ndarray:
    """Return values spread evenly over [-scale, scale], by name and index alone.

    Source: the output function of S. Vigna's public-domain SplitMix64.
    """
    index = np.arange(1, int(np.prod(shape)) + 1, dtype=np.uint64)
    start = np.uint64(zlib.crc32(name.encode()) << 32)
    bits = (index + start) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    unit = ((bits ^ (bits >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**53
    return (scale * (2 * unit - 1)).reshape(shape)


def formula_state(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Return a network's state as float32; scales keep its activations near 1."""
    state = {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            state[name] = np.zeros(shape, np.int64)
        elif name.endswith("running_var"):
            state[name] = 1 + formula_tensor(name, shape, scale=0.5)
        elif len(shape) >= 2:
            fan_in = int(np.prod(shape[1:])) if shape[0] > 1 else shape[-1]
            state[name] = formula_tensor(name, shape, scale=1.7 / fan_in**0.5)
        elif name.endswith("weight"):
            state[name] = 1 + formula_tensor(name, shape, scale=0.3)
        else:
            state[name] = formula_tensor(name, shape, scale=0.2)
    return {
        key: value if value.dtype == np.int64 else value.astype(np.float32)
        for key, value in state.items()
    }


def formula_crops(num: int, channels: int, side: int) -> np.ndarray:
    """Return normalized crops (num, channels, side, side), float32."""
    return formula_tensor("crops", (num, channels, side, side), scale=1.5).astype(
        np.float32
    )
