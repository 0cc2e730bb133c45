"""The web app in a browser: the rows of Python, no request to elsewhere, pages that fit.

Tolerances are about twice the largest differences seen (docs/webapp.md).
"""

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from tests.support.browser import Tab, open_tab

import wildaffect
from wildaffect.analysis.options import ColumnOptions, ReadOptions
from wildaffect.core.frames import Frame
from wildaffect.demo.clip import SIZE, write_demo_clip
from wildaffect.inference.artifact import load_artifact
from wildaffect.outputs.tables.csv_rows import header as csv_header
from wildaffect.outputs.tables.json_rows import rows as json_lines
from wildaffect.video.inputs import source_of
from wildaffect.webapp.site import write_webapp

pytestmark = pytest.mark.slow

NETWORK_TOLERANCE = {
    "box_": 0.15, "pose_": 0.1, "sharpness": 0.2, "valence": 2e-3, "arousal": 2e-3,
    "p_": 2e-3, "AU": 0.02, "eye_closure": 2e-3, "eye_": 0.2, "gaze_": 0.2,
    "mouth_open": 2e-3, "face_size": 0.1, "detection_score": 0.02,
}  # fmt: skip
"""Prefix of columns -> largest difference on the same pixels."""
VIDEO_TOLERANCE = {
    "box_": 0.6, "pose_": 0.3, "sharpness": 0.8, "valence": 3e-3, "arousal": 3e-3,
    "p_": 3e-3, "AU": 0.06, "eye_closure": 6e-3, "eye_": 0.6, "gaze_": 0.6,
    "mouth_open": 6e-3, "face_size": 0.4, "detection_score": 0.05,
}  # fmt: skip
"""The same where browser and Python each decode the video themselves."""
RGB_PAGE = """<!doctype html><link rel="icon" href="data:,"><script type="module">
import { Analyzer } from './chain/analyzer.js';
import { loadNetworks } from './chain/networks.js';
window.analyze = async (width, height, times) => {
  const settings = await (await fetch('settings.json')).json();
  const networks = await loadNetworks(settings, location.href, 1);
  const pixels = new Uint8ClampedArray(await (await fetch('frames.bin')).arrayBuffer());
  const analyzer = new Analyzer(networks, settings, { live: false, source: 'frames' });
  const rows = [], size = 3 * width * height;
  for (const [at, timeS] of times.entries()) {
    const data = pixels.subarray(at * size, (at + 1) * size);
    rows.push(...await analyzer.push(at, timeS, { data, width, height, channels: 3 }));
  }
  return [...rows, ...await analyzer.finish()];
};
window.isReady = true;
</script>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Folder of a site and, beside it, of the demo's clip."""
    made = tmp_path_factory.mktemp("webapp")
    write_webapp(made / "site")
    write_demo_clip(made / "clip.mp4")
    return made


@pytest.fixture(scope="module")
def address(folder, serve_folder) -> Iterator[str]:
    with serve_folder(folder / "site") as found:
        yield found


@pytest.fixture
def app(tab, address):
    """The page, its networks loaded."""
    load(tab, address)
    yield tab
    assert {request.split("/")[2] for request in tab.requests if "//" in request} == {
        address.split("/")[2]
    }, "a request to another host"


def load(tab: Tab, address: str, **window: Any) -> None:
    tab.show(address, **window)
    tab.wait("document.querySelector('#status').textContent === 'Ready.'", 60)
    assert tab.errors == []


def choose(tab: Tab, path: Path, timeout_s: float = 180) -> str:
    """Give the page a file, as a person does; return its last message."""
    tab.run("delete document.body.dataset.done; undefined")
    root = tab.call("DOM.getDocument")["root"]["nodeId"]
    node = tab.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    tab.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)
    tab.wait(
        "document.body.dataset.done === 'true' || "
        "document.querySelector('#status').classList.contains('bad')",
        timeout_s,
    )
    return tab.run("document.querySelector('#status').textContent")


def by_face(rows: list[dict[str, Any]]) -> dict[tuple[int, int | None], dict[str, Any]]:
    return {(row["frame"], row.get("track_id")): row for row in rows}


def check_rows(found, expected, tolerances) -> None:
    """Compare rows cell by cell; labels and decisions must be equal."""
    found, expected = by_face(found), by_face(expected)
    assert found.keys() == expected.keys()
    for face, row in expected.items():
        ours = {name: value for name, value in found[face].items() if value is not None}
        assert ours.keys() | {"source"} == row.keys() | {"source"}, face
        for name, value in row.items():
            if name == "source":
                continue
            if isinstance(value, bool | str) or name in {"frame", "track_id"}:
                assert ours[name] == value, (face, name)
                continue
            limit = next(
                (limit for start, limit in tolerances.items() if name.startswith(start)),
                1e-3,
            )
            assert ours[name] == pytest.approx(value, abs=limit), (face, name)


def rows_of(result: wildaffect.AnalysisResult) -> list[dict[str, Any]]:
    batches = result.to_arrow().to_batches()
    return [json.loads(line) for each in batches for line in json_lines(each).splitlines()]


def test_the_same_pixels_give_the_rows_of_python(tab, folder, address):
    images = [frame.rgb for frame in first_frames(folder / "clip.mp4", 25)]
    np.stack(images).tofile(folder / "site/frames.bin")
    (folder / "site/rgb.html").write_text(RGB_PAGE)
    tab.show(f"{address}rgb.html")
    tab.wait("window.isReady")
    times = [at / 25 for at in range(len(images))]
    found = tab.run(f"analyze({SIZE[0]}, {SIZE[1]}, {json.dumps(times)})")
    (folder / "site/frames.bin").unlink()
    schema = ColumnOptions().schema(load_artifact().manifest)
    batch = schema.batch(list(wildaffect.stream(images, times_s=times, live=False)))
    expected = [json.loads(line) for line in json_lines(batch).splitlines()]
    check_rows(found, expected, NETWORK_TOLERANCE)
    assert tab.errors == []


def first_frames(path: Path, count: int) -> list[Frame]:
    with ReadOptions().open(source_of(str(path))) as reader:
        return list(islice(reader, count))


def test_a_video_gives_the_rows_and_files_of_analyze(app, folder):
    message = choose(app, folder / "clip.mp4")
    assert message.startswith("150 frames, 1 person, ")
    found = app.run("wildaffect.store.rows")
    result = wildaffect.analyze(folder / "clip.mp4")
    check_rows(found, rows_of(result), VIDEO_TOLERANCE)
    files = app.run(
        """import('./chain/table.js').then(({ csvHeader, csvLine, jsonLine }) => {
        const { settings: { columns }, store: { rows } } = wildaffect;
        return [csvHeader(columns), csvLine(rows[0], columns), jsonLine(rows[0], columns)];
        })"""
    )
    assert files[0].encode() == csv_header(result.to_arrow().schema)
    assert len(files[1].split(",")) == len(result.to_arrow().column_names)
    line = json.loads(files[2])
    assert list(line) == list(rows_of(result)[0])
    assert line["valence"] == pytest.approx(found[0]["valence"], abs=1e-7)
    assert app.errors == []


def test_a_file_without_an_index_of_frames_is_read_as_it_plays(app, folder, tmp_path):
    images = [frame.rgb for frame in first_frames(folder / "clip.mp4", 12)]
    write_webm(tmp_path / "clip.webm", images)
    message = choose(app, tmp_path / "clip.webm")
    assert "Read while it played (not an MP4 file with an index)" in message
    skipped = int(message.split(" frames were skipped")[0].split()[-1])
    times = app.run("wildaffect.store.rows.map((row) => row.time_s)")
    assert len(times) + skipped == pytest.approx(len(images), abs=1)
    assert times == sorted(set(times))
    assert app.errors == []


def write_webm(path: Path, images: list[np.ndarray]) -> None:
    height, width = images[0].shape[:2]
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libvpx", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for image in images:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        file.mux(stream.encode(None))


def test_a_file_that_is_no_video_is_named(app, tmp_path):
    (tmp_path / "letter.mp4").write_text("no video")
    message = choose(app, tmp_path / "letter.mp4")
    assert message.startswith("Failed: letter.mp4: ")


def test_nothing_can_be_sent_from_the_page_or_its_worker(app):
    """The policy holds in the worker too, whose script would have none of its own."""
    code = "fetch('http://localhost:9/').then(() => 'sent', (error) => 'refused')"
    assert app.run(code) == "refused"
    blocked = app.run(
        """new Promise((resolve) => {
        const script = `addEventListener('securitypolicyviolation',
          (event) => postMessage(event.effectiveDirective));
          fetch('http://localhost:9/').catch(() => {});`;
        const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
        new Worker(url, { type: 'module' }).onmessage = ({ data }) => resolve(data);
        })"""
    )
    assert blocked == "connect-src"
    app.requests[:] = [each for each in app.requests if "localhost:9" not in each]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_their_window(tab, address, width, dark):
    load(tab, address, width=width, dark=dark)
    assert tab.run("document.documentElement.scrollWidth") <= width
    if pictures := os.environ.get("WILDAFFECT_PICTURES"):
        tab.picture(Path(pictures) / f"webapp-{width}-{'dark' if dark else 'light'}.png")


def test_a_camera_is_read_live(folder, address, tmp_path):
    """The camera is a file that Chromium plays in place of one."""
    images = [frame.rgb for frame in first_frames(folder / "clip.mp4", 25)]
    film = tmp_path / "camera.y4m"
    write_y4m(film, images)
    flags = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    with open_tab(tmp_path / "profile", flags) as tab:
        load(tab, address)
        tab.run("document.querySelector('#camera').click()")
        tab.wait(
            "wildaffect.store.rows.filter((row) => row.status === 'ok').length > 5", 60
        )
        row = tab.run("wildaffect.store.rows.find((row) => row.status === 'ok')")
        assert row["expression"] == "Happiness"
        assert row["valence"] > 0.3
        assert tab.run("document.querySelector('video').classList.contains('mirrored')")
        tab.run("document.querySelector('#stop').click()")
        tab.wait("document.body.dataset.done === 'true'")
        assert tab.run("document.querySelector('video').srcObject") is None
        assert not tab.run("document.querySelector('#csv').hidden")
        assert not tab.run("document.querySelector('#drop').hidden")
        assert tab.errors == []


def write_y4m(path: Path, images: list[np.ndarray]) -> None:
    height, width = images[0].shape[:2]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C420\n".encode())
        for image in images:
            file.write(b"FRAME\n" + cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420).tobytes())
