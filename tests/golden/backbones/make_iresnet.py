"""Write iresnet18.json: features of an IResNet18 by its published definition, in numpy.

Run: python tests/golden/backbones/make_iresnet.py

Nothing here comes from wildaffect or from torch. The definition is that of the ArcFace
paper (arXiv 1801.07698: input 112 x 112, first convolution 3 x 3 with stride 1, residual
unit BN-Conv-BN-PReLU-Conv-BN, last layers BN-Dropout-FC-BN), with 2, 2, 2, 2 units of 64 to
512 channels; the second convolution of a stage's first unit has stride 2, and the
shortcut there is a 1 x 1 convolution with BN. Names of the tensors are those of the
released code, in which weights are published.
"""

import json
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from weights_formula import formula_crops, formula_state

UNITS = (2, 2, 2, 2)
CHANNELS = (64, 128, 256, 512)
NORM = ("weight", "bias", "running_mean", "running_var")


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor."""
    found: dict[str, tuple[int, ...]] = {
        "conv1.weight": (64, 3, 3, 3),
        "prelu.weight": (64,),
    }

    def add_norm(name: str, width: int) -> None:
        found.update({f"{name}.{part}": (width,) for part in NORM})

    add_norm("bn1", 64)
    before = 64
    for stage, (num_units, width) in enumerate(zip(UNITS, CHANNELS, strict=True), start=1):
        for unit in range(num_units):
            name = f"layer{stage}.{unit}"
            add_norm(f"{name}.bn1", before)
            found[f"{name}.conv1.weight"] = (width, before, 3, 3)
            add_norm(f"{name}.bn2", width)
            found[f"{name}.prelu.weight"] = (width,)
            found[f"{name}.conv2.weight"] = (width, width, 3, 3)
            add_norm(f"{name}.bn3", width)
            if unit == 0:
                found[f"{name}.downsample.0.weight"] = (width, before, 1, 1)
                add_norm(f"{name}.downsample.1", width)
            before = width
    add_norm("bn2", 512)
    found |= {"fc.weight": (512, 512 * 7 * 7), "fc.bias": (512,)}
    add_norm("features", 512)
    return found


def convolve(maps: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    """Return the correlation of (B, C, H, W) maps with (D, C, K, K), zeros around."""
    side = kernel.shape[2]
    edge = side // 2
    padded = np.pad(maps, ((0, 0), (0, 0), (edge, edge), (edge, edge)))
    seen = sliding_window_view(padded, (side, side), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.moveaxis(np.tensordot(seen, kernel, axes=([1, 4, 5], [1, 2, 3])), -1, 1)


class Forward:
    """The network's arithmetic over a state, in double precision."""

    def __init__(self, state: dict[str, np.ndarray]) -> None:
        self.state = {key: value.astype(np.float64) for key, value in state.items()}

    def norm(self, maps: np.ndarray, name: str) -> np.ndarray:
        """Return batch normalization with the running statistics."""
        weight, bias, mean, var = (self.state[f"{name}.{part}"] for part in NORM)
        shape = (1, -1) + (1,) * (maps.ndim - 2)
        scale = weight / np.sqrt(var + 1e-5)
        return maps * scale.reshape(shape) + (bias - mean * scale).reshape(shape)

    def prelu(self, maps: np.ndarray, name: str) -> np.ndarray:
        """Return maps with a learned slope below zero, one per channel."""
        slope = self.state[f"{name}.weight"].reshape(1, -1, 1, 1)
        return np.where(maps > 0, maps, slope * maps)

    def unit(self, maps: np.ndarray, name: str, stride: int) -> np.ndarray:
        """Return the sum of shortcut and BN-Conv-BN-PReLU-Conv-BN."""
        branch = self.norm(maps, f"{name}.bn1")
        branch = convolve(branch, self.state[f"{name}.conv1.weight"])
        branch = self.prelu(self.norm(branch, f"{name}.bn2"), f"{name}.prelu")
        branch = convolve(branch, self.state[f"{name}.conv2.weight"], stride)
        branch = self.norm(branch, f"{name}.bn3")
        if f"{name}.downsample.0.weight" in self.state:
            maps = convolve(maps, self.state[f"{name}.downsample.0.weight"], stride)
            maps = self.norm(maps, f"{name}.downsample.1")
        return branch + maps

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """Return features (B, 512) of crops (B, 3, 112, 112)."""
        maps = convolve(crops.astype(np.float64), self.state["conv1.weight"])
        maps = self.prelu(self.norm(maps, "bn1"), "prelu")
        for stage, num_units in enumerate(UNITS, start=1):
            for unit in range(num_units):
                maps = self.unit(maps, f"layer{stage}.{unit}", 2 if unit == 0 else 1)
        flat = self.norm(maps, "bn2").reshape(len(maps), -1)
        logits = flat @ self.state["fc.weight"].T + self.state["fc.bias"]
        return self.norm(logits, "features")


def main() -> None:
    """Write the golden file."""
    features = Forward(formula_state(shapes()))(formula_crops(2, 3, 112))
    document = {
        "origin": "numpy, from the definition in arXiv 1801.07698; make_iresnet.py",
        "num_parameters": sum(
            int(np.prod(shape)) for key, shape in shapes().items() if "running" not in key
        ),
        "features": np.round(features, 7).tolist(),
    }
    path = Path(__file__).with_name("iresnet18.json")
    path.write_text(json.dumps(document) + "\n")
    print(f"wrote {path.name}: spread {features.std():.3f}")


if __name__ == "__main__":
    main()
