"""Turned, mirrored, cropped and stretched videos are as ffmpeg shows them, at its times."""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from wildaffect.analysis.options import ReadOptions
from wildaffect.video.inputs import source_of
from wildaffect.webapp.site import write_webapp

pytestmark = [pytest.mark.slow, pytest.mark.golden]

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden/video/display.json").read_text(encoding="utf-8")
)
CLIPS = {name: shown for name, shown in GOLDEN["shows"].items() if name.endswith(".mp4")}
MAX_DIFFERENCE = 6.0
"""Mean difference in gray levels: the decoders of ffmpeg and Chromium interpolate
the colors of these 48 x 36 pixels in different ways; a picture mirrored in error
is off by 30."""
PAGE = """<!doctype html><link rel="icon" href="data:,"><script type="module">
import { decodeFrames } from './chain/decode.js';
import { PixelReader } from './chain/display.js';
window.firstFrame = async (name) => {
  const file = await (await fetch(name)).blob();
  for await (const { frame, display } of decodeFrames(file, () => {})) {
    const { data, width, height } = new PixelReader().read(frame, display);
    frame.close();
    return { data: [...data], width, height };
  }
};
window.times = async (name) => {
  const file = await (await fetch(name)).blob(), found = [];
  for await (const { frame, timeS } of decodeFrames(file, () => {})) {
    found.push(timeS);
    frame.close();
  }
  return found;
};
window.isReady = true;
</script>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("display") / "site"
    write_webapp(made)
    return made


@pytest.fixture(scope="module")
def page(tab, folder, serve_folder):
    (folder / "display.html").write_text(PAGE, encoding="utf-8")
    for name, shown in CLIPS.items():
        (folder / name).write_bytes(base64.b64decode(shown["clip"]))
    with serve_folder(folder) as address:
        tab.show(f"{address}display.html")
        tab.wait("window.isReady")
        yield tab


@pytest.mark.parametrize("name", CLIPS)
def test_the_first_frame_is_what_ffmpeg_shows(page, name):
    assert GOLDEN["origin"].startswith("ffmpeg version")
    shown = CLIPS[name]
    found = page.run(f"firstFrame({json.dumps(name)})")
    assert (found["width"], found["height"]) == (shown["width"], shown["height"])
    pixels = np.frombuffer(zlib.decompress(base64.b64decode(shown["rgb"])), np.uint8)
    rgb = np.array(found["data"]).reshape(-1, 4)[:, :3]
    assert np.abs(rgb - pixels.reshape(-1, 3)).mean() < MAX_DIFFERENCE


@pytest.mark.network
@pytest.mark.parametrize(
    "name", ["single_face.mp4", "no_face.mp4", "carphone_pristine.mp4"]
)
def test_frames_of_real_clips_have_the_times_of_python(page, folder, real_clips, name):
    """Edit lists start within a frame of picture or sound; one has a variable rate."""
    (folder / name).write_bytes((real_clips / name).read_bytes())
    with ReadOptions().open(source_of(str(real_clips / name))) as reader:
        expected = [frame.time_s for frame in reader]
    assert page.run(f"times({json.dumps(name)})") == pytest.approx(expected, abs=1e-9)
