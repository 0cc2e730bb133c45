"""Short clips made of the vendored portrait, and the command as a user runs it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.cli.main import main
from wildaffect.video.write import VideoWriter

PORTRAIT = Path(wildaffect.__file__).parent / "demo/astronaut.jpg"
FPS = 25.0


class Finished(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str
    """Without lines of progress, which appear after two seconds."""


_PROGRESS = re.compile(r".+ \d+/(\d+|\?)\n")


def views(num_frames: int, size: tuple[int, int], zoom: float) -> list[np.ndarray]:
    """A slow pan and zoom over the portrait's face, RGB."""
    rgb = cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)
    images = []
    for i in range(num_frames):
        camera = cv2.getRotationMatrix2D((226, 122), 3 * np.sin(i / 9), zoom + 0.004 * i)
        camera[:, 2] += np.array(size) / 2 - (226 - 0.6 * i, 122)
        images.append(cv2.warpAffine(rgb, camera, size, borderMode=cv2.BORDER_REFLECT_101))
    return images


def write_clip(path: Path, images: list[np.ndarray]) -> Path:
    height, width = images[0].shape[:2]
    with VideoWriter(path, width=width, height=height, fps_hint=FPS) as video:
        for i, image in enumerate(images):
            video.write(image, i / FPS)
    return path


@pytest.fixture(scope="session")
def portrait_views() -> Callable[..., list[np.ndarray]]:
    """Frames as `portrait_views(num_frames, size=(W, H), zoom=...)`."""

    def make(
        num_frames: int, size: tuple[int, int] = (240, 180), zoom: float = 0.9
    ) -> list[np.ndarray]:
        return views(num_frames, size, zoom)

    return make


@pytest.fixture(scope="session")
def save_clip() -> Callable[[Path, list[np.ndarray]], Path]:
    return write_clip


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames of 240x180 with one face; do not change it."""
    return write_clip(
        tmp_path_factory.mktemp("clip") / "face.mp4", views(20, (240, 180), 0.9)
    )


@pytest.fixture(scope="session")
def portrait_path() -> Path:
    return PORTRAIT


@pytest.fixture
def analyze(capfd: pytest.CaptureFixture[str]) -> Callable[..., Finished]:
    """Run `wildaffect analyze` in this process."""

    def run(*args: object) -> Finished:
        capfd.readouterr()
        try:
            status = main(["analyze", *map(str, args)])
        except SystemExit as ended:
            status = ended.code
        printed = capfd.readouterr()
        return Finished(status, printed.out, _PROGRESS.sub("", printed.err))

    return run


@pytest.fixture
def in_child() -> Callable[..., subprocess.Popen[str]]:
    """Start `python -m wildaffect` in a process of its own."""

    def start(*args: object, before: str = "") -> subprocess.Popen[str]:
        code = (
            f"{before}\nimport sys\nfrom wildaffect.cli.main import main\nsys.exit(main())"
        )
        command = (
            [sys.executable, "-c", code] if before else [sys.executable, "-m", "wildaffect"]
        )
        return subprocess.Popen(
            [*command, *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )

    return start
