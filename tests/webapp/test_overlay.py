"""The overlay of web pages, drawn in a browser; colors are read back from its canvas."""

import json
import math

import pytest

from wildaffect.webapp.web_assets import OVERLAY, asset

pytestmark = pytest.mark.slow

CYAN, AMBER = (77, 208, 225), (255, 183, 77)
"""Colors of tracks 0 and 1 in overlay videos (`outputs/overlay/style.py`)."""
PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>body { margin: 0 } canvas { display: block; width: 640px; height: 480px }</style>
<canvas></canvas><script type="module">
import { createOverlay } from './overlay.js';
const canvas = document.querySelector('canvas');
window.overlay = createOverlay(canvas);
window.pixels = (x, y, width, height) => {
  const copy = new OffscreenCanvas(width, height).getContext('2d');
  const place = [x, y, width, height].map((each) => each * devicePixelRatio);
  copy.drawImage(canvas, ...place, 0, 0, width, height);
  return [...copy.getImageData(0, 0, width, height).data];
};
window.isReady = true;
</script>"""


@pytest.fixture
def page(tab, tmp_path, serve_folder):
    for name in OVERLAY:
        (tmp_path / name).write_bytes(asset(name).read_bytes())
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    with serve_folder(tmp_path) as address:
        tab.show(address)
        tab.wait("window.isReady")
        yield tab
        assert tab.errors == []


def face(track=0, left=100, **more):
    box = {"box_x0": left, "box_y0": 60, "box_x1": left + 80, "box_y1": 160}
    return {"frame": 0, "time_s": 0.0, "track_id": track, "status": "ok"} | box | more


def draw(tab, rows, **options):
    size = {"width": 320, "height": 240} | options
    tab.run(f"overlay.draw({json.dumps(rows)}, {json.dumps(size)})")


def pixels(tab, x, y, width=1, height=1):
    """Return the RGBA colors of a part of the canvas, in its order."""
    flat = tab.run(f"pixels({x}, {y}, {width}, {height})")
    return [tuple(flat[start : start + 4]) for start in range(0, len(flat), 4)]


def has_line(tab, x, y, wanted):
    """Return whether a vertical line of a color is within 2 px of a place."""
    return any(is_near(color, wanted) for color in pixels(tab, x - 2, y, 5))


def num_drawn(tab):
    return sum(color[3] > 0 for color in pixels(tab, 0, 0, 640, 480))


def is_near(color, wanted):
    return math.dist(color[:3], wanted) < 25 and color[3] > 200


def test_boxes_are_drawn_in_page_pixels_and_in_the_colors_of_overlay_videos(page):
    draw(page, [face(), face(1, 220)], cards=False)
    assert has_line(page, 2 * 100, 2 * 110, CYAN)
    assert has_line(page, 2 * 300, 2 * 110, AMBER)
    assert pixels(page, 2 * 140, 2 * 110)[0][3] == 0  # nothing over the face itself


def test_a_frame_of_another_shape_is_shown_whole_and_centered(page):
    draw(page, [face()], height=120, width=320, cards=False)  # half as high as the canvas
    assert has_line(page, 2 * 100, 120 + 2 * 110, CYAN)


def test_mirrored_pictures_have_mirrored_boxes(page):
    draw(page, [face()], mirrored=True, cards=False)
    assert has_line(page, 2 * (320 - 100), 2 * 110, CYAN)


def test_rows_without_a_box_draw_nothing_and_erase_what_was_there(page):
    draw(page, [face()])
    draw(page, [{"frame": 1, "time_s": 0.1, "status": "no_face"}])
    assert not any(map(any, pixels(page, 0, 0, 640, 480)))


def test_interpolated_faces_are_dashed_and_faces_of_low_quality_paler(page):
    draw(page, [face(status="interpolated")], cards=False)
    opacities = [color[3] for color in pixels(page, 200, 150, 1, 140)]
    assert min(opacities) == 0 < max(opacities)
    draw(page, [face()], cards=False)
    solid = max(color[3] for color in pixels(page, 198, 220, 5))
    draw(page, [face(status="low_quality")], cards=False)
    assert max(color[3] for color in pixels(page, 198, 220, 5)) < solid - 40


def test_a_card_shows_values_and_leaves_faces_free(page):
    values = {"valence": 0.5, "arousal": -0.2, "AU12": 0.9, "AU12_present": True}
    draw(page, [face(**values), face(1, 220, **values)])
    for x in (140, 260):
        assert pixels(page, 2 * x, 2 * 110)[0][3] == 0
    drawn = num_drawn(page)
    draw(page, [face(**values), face(1, 220, **values)], cards=False)
    assert drawn > num_drawn(page) + 5000


def test_lines_are_sharp_on_screens_of_high_density(page):
    size = {"width": 1280, "height": 900, "deviceScaleFactor": 2, "mobile": False}
    page.call("Emulation.setDeviceMetricsOverride", **size)
    draw(page, [face()], cards=False)
    assert page.run("document.querySelector('canvas').width") == 1280
    assert has_line(page, 200, 220, CYAN)
