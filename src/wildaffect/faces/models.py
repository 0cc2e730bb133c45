"""The vendored model files: paths, origins, hashes."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtifact

ASSETS = Path(__file__).parent / "assets"


@dataclass(frozen=True, slots=True, kw_only=True)
class VendoredModel:
    """A model file inside the package; see THIRD_PARTY_NOTICES.md."""

    name: str
    file: str
    sha256: str
    license: str = "Apache-2.0"

    @property
    def path(self) -> Path:
        """Return the file's path; it is not opened."""
        return ASSETS / self.file

    def verified_path(self) -> Path:
        """Return the path after comparing the file with its hash.

        Raises:
            BadArtifact: If the file is missing or altered.
        """
        if not self.path.is_file():
            raise BadArtifact(
                f"{self.file}: the model file is missing; reinstall wildaffect"
            )
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        if digest != self.sha256:
            raise BadArtifact(
                f"{self.file}: sha256 must be {self.sha256}, got {digest}; "
                "reinstall wildaffect"
            )
        return self.path


DETECTOR = VendoredModel(
    name="BlazeFace full range",
    file="face_detection_full_range.tflite",
    sha256="99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
)
MESH = VendoredModel(
    name="Face Mesh V2",
    file="face_landmarks_detector.tflite",
    sha256="c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5",
)
BLENDSHAPES = VendoredModel(
    name="Blendshapes V2",
    file="face_blendshapes.tflite",
    sha256="4f36dded049db18d76048567439b2a7f58f1daabc00d78bfe8f3ad396a2d2082",
)
CANONICAL_FACE = VendoredModel(
    name="canonical face",
    file="canonical_face.npz",
    sha256="e4954ab28af0398e459f571f7d0489d258f1b624283127c2b13f4a2a403539e7",
)
OCCLUSION = VendoredModel(
    name="occlusion",
    file="face_occlusion.onnx",
    sha256="43a70c871ce179d3be80c111d02948bb61ffee0e2cdd0614a14fb71e7d51101e",
)
MEASURING = (DETECTOR, MESH, BLENDSHAPES, CANONICAL_FACE)
"""Files that determine measurements; the others determine whether a face is measured."""
VENDORED = (*MEASURING, OCCLUSION)


@dataclass(frozen=True, slots=True)
class CanonicalFace:
    """The mean face of the mesh, in cm; x to the image's right, y up, z to the viewer."""

    vertices: NDArray[np.float32]
    """Shape (468, 3): the mesh without its irises."""
    rigid_index: NDArray[np.int64]
    """Landmarks that expressions move little, shape (R,)."""
    rigid_weight: NDArray[np.float32]
    """Weight of each landmark in the fit of the head pose, shape (R,)."""


@cache
def canonical_face() -> CanonicalFace:
    """Load the vendored mean face."""
    with np.load(CANONICAL_FACE.verified_path()) as arrays:
        return CanonicalFace(
            arrays["vertices"], arrays["rigid_index"], arrays["rigid_weight"]
        )
