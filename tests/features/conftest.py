from dataclasses import replace
from functools import partial

import av
import cv2
import pytest

from wildaffect.core.preprocess import Preprocess
from wildaffect.demo.clip import PORTRAIT
from wildaffect.features.embedding import Embedder
from wildaffect.features.extract import ExtractOptions, ExtractPlan
from wildaffect.features.sets import FeatureSet, geometry_set
from wildaffect.features.store import FeatureStore
from wildaffect.runtime.network import Device


@pytest.fixture(scope="session")
def portrait():
    """The portrait that ships with the package; the face lies about (226, 112)."""
    image = cv2.imread(str(PORTRAIT))
    return cv2.resize(image, (512, 512), interpolation=cv2.INTER_AREA)


def write_clip(path, image, num_frames):
    height, width = image.shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height = width, height
        for _ in range(num_frames):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def clips(tmp_path, portrait):
    """A folder of three clips; `b` takes seconds to extract."""
    folder = tmp_path / "clips"
    folder.mkdir()
    small = cv2.resize(portrait[:320, 66:386], (160, 160))
    for name, num_frames in (("a", 6), ("b", 300), ("c", 6)):
        write_clip(folder / f"{name}.mp4", small, num_frames)
    return folder


@pytest.fixture
def plan(tmp_path):
    """What is extracted, and into which store."""
    return ExtractPlan(
        store=tmp_path / "store",
        sets=(geometry_set(),),
        options=ExtractOptions(device=Device()),
    )


@pytest.fixture
def unloadable(plan):
    """A plan with a network that no worker can load."""
    preprocess = Preprocess(size_px=8, mean=(0.5,), std=(0.5,), channels="gray")
    features = FeatureSet(
        name="x",
        columns=("a",),
        start=partial(Embedder, b"no network", preprocess, Device()),
        weights_sha256="w",
    )
    return replace(plan, sets=(features,))


@pytest.fixture
def contents():
    """Return what a store holds: sidecars but for the random name, and bytes of numbers."""

    def read(root):
        store, found = FeatureStore(root), {}
        for name in store.entries():
            folder = root / name.feature_set / name.video
            sidecar = store.sidecar(name)
            numbers = (folder / sidecar.data_file).read_bytes()
            written = (folder / f"{name.track}.json").read_text()
            found[name] = (written.replace(sidecar.data_file, "FILE"), numbers)
        return found

    return read
