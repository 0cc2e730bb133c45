"""Pages in a real browser, driven over the protocol of Chromium's developer tools."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.support.browser import Tab

import wildaffect
from wildaffect.core.events import Event, EventKind
from wildaffect.core.scales import Scale
from wildaffect.reports.description import Description
from wildaffect.reports.media import Media
from wildaffect.reports.page import timeline_page

pytestmark = pytest.mark.slow

DEMO = Path(wildaffect.__file__).parent / "demo"
FRAME_S = 1 / 30


@pytest.fixture(scope="module")
def page(tmp_path_factory, make_table) -> Path:
    """Return a page of two people beside the demo's video, 8 s at 30 frames/s."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "people.mp4").write_bytes((DEMO / "people.mp4").read_bytes())
    smile = Event(
        track_id=0,
        kind=EventKind.MOUTH,
        label="mouth_open",
        onset_s=1.0,
        apex_s=1.5,
        offset_s=2.0,
        peak=1.0,
        mean=0.5,
    )
    made = timeline_page(
        make_table(240, 2),
        [smile],
        Description(title="people.mp4"),
        media=Media(address="people.mp4"),
    )
    path = folder / "people.html"
    path.write_text(made.html, encoding="utf-8")
    return path


def open_page(tab: Tab, page: Path, **window: Any) -> None:
    """Load a page and wait for its lanes and its video."""
    tab.show(page.as_uri(), **window)
    tab.wait("document.body.dataset.drawn === 'true'")
    if page.with_name("people.mp4").exists():
        tab.wait("document.querySelector('video').readyState >= 2")


def lane_place(tab: Tab, t: float, kind: str = "trace") -> tuple[float, float]:
    """Return the place in the window of a time on a lane of the first person."""
    found = tab.run(
        f"""(() => {{
        const section = window.report.sections[0];
        const box = section.canvas.getBoundingClientRect();
        const lane = section.lanes.find((each) => each.kind === '{kind}');
        return [box.left + section.scale().x({t}), box.top + lane.y + lane.height / 2];
        }})()"""
    )
    return found[0], found[1]


def shown_time(tab: Tab) -> float:
    """Return the time of the video once it has stopped seeking."""
    tab.wait("!document.querySelector('video').seeking")
    return tab.run("document.querySelector('video').currentTime")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True])
def test_a_page_opens_without_error_request_or_overflow(tab, page, width, dark):
    open_page(tab, page, width=width, dark=dark)
    assert tab.errors == []
    others = [each for each in tab.requests if not each.startswith("data:")]
    assert set(others) == {page.as_uri(), page.with_name("people.mp4").as_uri()}
    assert tab.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("t", [0.5, 3.21, 7.9])
def test_a_click_on_a_trace_seeks_the_video_within_one_frame(tab, page, t):
    open_page(tab, page)
    tab.click(*lane_place(tab, t))
    assert abs(shown_time(tab) - t) <= FRAME_S
    assert abs(tab.run("window.report.player.time") - t) <= FRAME_S


def test_keys_step_zoom_and_play(tab, page):
    open_page(tab, page)
    tab.press("Home")
    for _ in range(3):
        tab.press("ArrowRight")
    assert shown_time(tab) == pytest.approx(3 * FRAME_S, abs=0.005)
    tab.press("ArrowLeft")
    tab.press("ArrowRight", shift=True)
    assert shown_time(tab) == pytest.approx(1 + 2 * FRAME_S, abs=0.005)
    tab.press("End")
    assert shown_time(tab) == pytest.approx(239 * FRAME_S, abs=0.005)
    tab.press("+", text="+")
    assert tab.run("window.report.view.to - window.report.view.from") == pytest.approx(4)
    tab.press("-", text="-")
    assert not tab.run("window.report.isZoomed()")
    tab.press("Home")
    tab.press(" ", text=" ")
    tab.wait("document.querySelector('video').currentTime > 0.2")
    tab.press(" ", text=" ")
    assert tab.run("document.querySelector('video').paused")
    assert tab.errors == []


def test_dragging_zooms_and_a_double_click_shows_all(tab, page):
    open_page(tab, page)
    (x, y), (to_x, _) = lane_place(tab, 2.0), lane_place(tab, 4.0)
    tab.drag(x, y, to_x, y)
    assert tab.run("window.report.view.from") == pytest.approx(2.0, abs=0.02)
    assert tab.run("window.report.view.to") == pytest.approx(4.0, abs=0.02)
    assert tab.run("window.report.player.time") == 0
    for kind in ("mousePressed", "mouseReleased"):
        for count in (1, 2):
            tab.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button="left",
                clickCount=count,
            )
    assert not tab.run("window.report.isZoomed()")


def test_the_pointer_reads_values(tab, page, make_table):
    open_page(tab, page)
    x, y = lane_place(tab, 1.5)
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    tab.wait("!document.querySelector('.tip').hidden")
    row = 2 * round(1.5 / FRAME_S)  # two people, so that the first has the even rows
    truth = make_table(240, 2)["valence"][row].as_py()
    expected = f"{truth:+.2f}"
    shown = tab.run("document.querySelector('.readout').textContent")
    assert expected in shown.replace("\u2212", "-")
    x, y = lane_place(tab, 1.5, "marks")
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    assert tab.run("document.querySelector('.tip').textContent") == (
        "mouth open: 0:01.00 for 1.00 s"
    )


def test_a_rating_is_read_in_its_units_where_a_table_has_nothing_else(
    tab, make_table, tmp_path
):
    table = make_table(240).drop_columns(["valence", "arousal"])
    kept = [name for name in table.column_names if not name.startswith("p_")]
    pain = pa.array(np.full(240, 7.5, np.float32))
    scales = (Scale(label="pain", low=0, high=10),)
    made = timeline_page(
        table.select(kept).append_column("pain", pain),
        (),
        Description(title="a", scales=scales),
    )
    page = tmp_path / "a.html"
    page.write_text(made.html, encoding="utf-8")
    open_page(tab, page)
    assert "pain7.5 in [0,\u00a010]" in tab.run(
        "document.querySelector('.readout').textContent"
    )
    assert tab.run("document.querySelector('.circumplex').clientWidth") == 0
    assert tab.errors == []


def test_a_dark_page_is_printed_light(tab, page):
    open_page(tab, page, dark=True)
    ink = "window.report.colors.ink"
    dark = tab.run(ink)
    tab.run("dispatchEvent(new Event('beforeprint'))")
    assert tab.run(ink) == "#1b2330" != dark
    tab.run("dispatchEvent(new Event('afterprint'))")
    assert tab.run(ink) == dark


def test_without_its_video_a_page_says_so_and_plays_by_the_clock(tab, page, tmp_path):
    moved = tmp_path / "moved.html"
    moved.write_bytes(page.read_bytes())
    open_page(tab, moved)
    tab.wait("!document.querySelector('#video-missing').hidden")
    tab.click(*lane_place(tab, 5.0))
    assert tab.run("window.report.player.time") == pytest.approx(5.0, abs=FRAME_S)
    tab.press(" ", text=" ")
    tab.wait("window.report.player.time > 5.2")


def test_an_hour_is_drawn_in_a_tenth_of_a_second(tab, make_table, tmp_path):
    made = timeline_page(make_table(108_000), (), Description(title="hour"))
    path = tmp_path / "hour.html"
    path.write_text(made.html, encoding="utf-8")
    open_page(tab, path)
    took_ms = tab.run(
        """(() => { const start = performance.now();
        for (let n = 0; n < 5; n++) window.report.sections[0].draw();
        return (performance.now() - start) / 5; })()"""
    )
    assert took_ms < 100
    assert tab.errors == []
