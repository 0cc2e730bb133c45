from pathlib import Path

import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.core.frames import Frame
from wildaffect.faces.chain import FaceChain
from wildaffect.faces.detector import FaceDetector
from wildaffect.faces.scan import FrameScanner
from wildaffect.runtime.network import Device


@pytest.fixture(scope="session")
def portrait():
    """The vendored NASA portrait, (512, 512, 3) RGB."""
    path = Path(wildaffect.__file__).parent / "demo/astronaut.jpg"
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


@pytest.fixture(scope="session")
def follow():
    """Run the face chain over images, 30 per second."""

    def run(images, fps=30.0, **options):
        scanner = FrameScanner(FaceDetector(Device()))
        chain = FaceChain(Device(), **options)
        frames = (Frame(index=i, time_s=i / fps, rgb=rgb) for i, rgb in enumerate(images))
        return list(chain.run(map(scanner, frames)))

    return run
