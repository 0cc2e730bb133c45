"""Train the net that estimates how much of the eyes and the mouth is covered.

It learns from generated people with a hand, a microphone or something flat before the
face, and from nothing else::

    python scripts/build_occlusion_net.py -o src/wildaffect/faces/assets

Writes `face_occlusion.onnx`. One machine gives the same bytes every time.
"""

import argparse
import hashlib
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from wildaffect.faces.crop import align_face
from wildaffect.faces.quality import QUALITY_CROP
from wildaffect.synth.covered import CoveredFace, draw_covered_faces

FIRST_IDENTITY = 9_000_000
"""Seed of the people in the training pictures; tests draw others."""
NUM_PEOPLE, PICTURES_EACH = 700, 12
NUM_EPOCHS, BATCH = 40, 64
LEARNING_RATE = 6e-3
SIZE_PX = QUALITY_CROP.size_px
FLAT_POWER = 4
"""Power of the shares under flat covers: these are believed where they are nearly certain,
as fringes, beards and dark glasses look like them."""
FLAT = 4 / 255
"""Added to the spread of a crop, so that noise on a flat one is not blown up."""
OPSET, IR_VERSION = 13, 8


class Data(NamedTuple):
    """Pictures as arrays. Symbols: N pictures."""

    rgb: NDArray[np.uint8]
    """Shape (N, size, size, 3)."""
    points: NDArray[np.float32]
    """The five points of alignment, shape (N, 5, 2)."""
    covered: NDArray[np.float32]
    """Shares of eyes and mouth under a hand, then under a flat cover, shape (N, 4)."""


def main() -> None:
    """Draw, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2, help="processes that draw")
    args = parser.parse_args()
    identities = range(FIRST_IDENTITY, FIRST_IDENTITY + NUM_PEOPLE)
    with ProcessPoolExecutor(args.jobs) as pool:
        drawn = pool.map(partial(draw_covered_faces, num=PICTURES_EACH), identities)
        data = stacked([face for person in drawn for face in person])
    net = trained(data)
    path = args.output / "face_occlusion.onnx"
    path.write_bytes(to_onnx(net))
    print(path, hashlib.sha256(path.read_bytes()).hexdigest())


def stacked(faces: list[CoveredFace]) -> Data:
    """Return pictures as arrays."""
    return Data(
        np.stack([face.rgb for face in faces]),
        np.stack([face.points_xy for face in faces]),
        np.stack([_targets(face) for face in faces]).astype("f4"),
    )


def _targets(face: CoveredFace) -> list[float]:
    shares, nothing = [face.eyes_covered, face.mouth_covered], [0.0, 0.0]
    return [*nothing, *shares] if face.is_flat else [*shares, *nothing]


def trained(data: Data) -> nn.Sequential:
    """Fit the net to the pictures, each altered anew in every epoch."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 5, 2, 2), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(),
        nn.Conv2d(16, 24, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3),
        nn.Linear(24 * (SIZE_PX // 8) ** 2, 4),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=1e-2)
    num_steps = len(data.rgb) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=NUM_EPOCHS * num_steps
    )
    for epoch in range(NUM_EPOCHS):
        order, total = rng.permutation(len(data.rgb)), 0.0
        for index in order[: num_steps * BATCH].reshape(num_steps, BATCH):
            loss = nn.functional.binary_cross_entropy_with_logits(
                net(augmented(data, index, rng)), torch.from_numpy(data.covered[index])
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / num_steps:.4f}", flush=True)
    return net.eval()


def augmented(
    data: Data, index: NDArray[np.int64], rng: np.random.Generator
) -> torch.Tensor:
    """Return normalized crops under other light, in other focus, aligned with an error."""
    crops = np.stack([_altered(data.rgb[k], data.points[k], rng) for k in index]) / 255
    mirrored = rng.random(len(crops)) < 0.5
    crops[mirrored] = crops[mirrored][:, :, ::-1]
    spread = crops.std((1, 2), keepdims=True) + FLAT
    crops = (crops - crops.mean((1, 2), keepdims=True)) / spread
    return torch.from_numpy(crops[:, None].astype(np.float32))


def _altered(
    rgb: NDArray[np.uint8], points: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.floating]:
    error = rng.normal(0, 1.5, (5, 2)) + rng.normal(0, 1.0, 2)
    crop = align_face(rgb, (points + error).astype(np.float32), QUALITY_CROP)[..., 0]
    if rng.random() < 0.3:
        crop = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.4, 1.5))
    gray = (crop / 255) ** rng.uniform(0.6, 1.6) * 255
    if rng.random() < 0.3:
        gray = gray + rng.normal(0, rng.uniform(2, 10), gray.shape)
    across = np.linspace(-1, 1, SIZE_PX)
    falls = rng.normal(0, 0.4) * across[None] + rng.normal(0, 0.3) * across[:, None]
    return gray * np.exp(falls)


def to_onnx(net: nn.Sequential) -> bytes:
    """Return the net with the normalization of crops and the logistic function."""
    nodes, tensors, out = [], [], "crops"

    def constant(name: str, values: NDArray[np.floating]) -> str:
        tensors.append(numpy_helper.from_array(np.ascontiguousarray(values, "f4"), name))
        return name

    def node(kind: str, inputs: list[str], output: str, **settings: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **settings))
        return output

    mean = node("ReduceMean", [out], "mean", axes=[2, 3])
    centered = node("Sub", [out, mean], "centered")
    squares = node("Mul", [centered, centered], "squares")
    spread = node(
        "Sqrt", [node("ReduceMean", [squares], "variance", axes=[2, 3])], "spread"
    )
    floor = constant("flat", np.array(FLAT))
    out = node("Div", [centered, node("Add", [spread, floor], "scale")], "normalized")
    for number, layer in enumerate(net):
        name = f"layer{number}"
        match layer:
            case nn.Conv2d() | nn.Linear():
                weight = constant(f"{name}/weight", layer.weight.detach().numpy())
                bias = constant(f"{name}/bias", layer.bias.detach().numpy())
                if isinstance(layer, nn.Linear):
                    out = node("Gemm", [out, weight, bias], name, transB=1)
                else:
                    pads = [layer.padding[0]] * 4
                    strides = list(layer.stride)
                    out = node(
                        "Conv", [out, weight, bias], name, pads=pads, strides=strides
                    )
            case nn.ReLU():
                out = node("Relu", [out], name)
            case nn.Flatten():
                out = node("Flatten", [out], name, axis=1)
    shares = node("Sigmoid", [out], "shares")
    flat = node("Pow", [shares, constant("power", np.array(FLAT_POWER))], "certain")
    columns = {"hand": [0, 1], "flat_cover": [2, 3]}
    tensors += [
        numpy_helper.from_array(np.array(where, "i8"), name)
        for name, where in columns.items()
    ]
    hands = node("Gather", [shares, "hand"], "hands", axis=1)
    node("Max", [hands, node("Gather", [flat, "flat_cover"], "flats", axis=1)], "covered")
    shape = ["batch", 1, SIZE_PX, SIZE_PX]
    crops = helper.make_tensor_value_info("crops", TensorProto.FLOAT, shape)
    covered = helper.make_tensor_value_info("covered", TensorProto.FLOAT, ["batch", 2])
    graph = helper.make_graph(nodes, "face_occlusion", [crops], [covered], tensors)
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(
        graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="wildaffect"
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


if __name__ == "__main__":
    main()
