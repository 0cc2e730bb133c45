"""The pages in a real browser, with a camera that plays a file."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.serving.conftest import PORTRAIT, running
from tests.support.browser import open_tab

import wildaffect
from wildaffect.video.pixels import read_image

pytestmark = pytest.mark.slow
PEOPLE = Path(wildaffect.__file__).parent / "demo" / "people.mp4"
PICTURES = os.environ.get("WILDAFFECT_PICTURES")
"""Folder for pictures of the pages, to be looked at; none are taken without it."""
LOOKS = [(1280, False), (1280, True), (390, False), (390, True)]


@pytest.fixture(scope="module")
def camera(tmp_path_factory) -> Path:
    """Return a file that a browser plays as its camera: the portrait, moved a little."""
    picture = cv2.cvtColor(read_image(PORTRAIT), cv2.COLOR_RGB2BGR)
    frame = np.full((480, 640, 3), 90, np.uint8)
    path = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    with path.open("wb") as file:
        for index in range(30):
            left = 64 + round(20 * np.sin(index / 30 * 2 * np.pi))
            frame[:, left : left + 480] = cv2.resize(picture, (480, 480))
            file.write(cv2.imencode(".jpg", frame)[1].tobytes())
    return path


@pytest.fixture(scope="module")
def tab(tmp_path_factory, camera):
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    )
    with open_tab(tmp_path_factory.mktemp("profile"), flags) as tab:
        yield tab


def choose(tab, path: Path) -> None:
    """Choose a file on the page, as somebody who clicks would."""
    root = tab.call("DOM.getDocument")["root"]["nodeId"]
    node = tab.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    tab.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])


def show(tab, service, path="/", **window) -> None:
    tab.call("Page.navigate", url="about:blank")
    tab.show(service.address + path, **window)


def text_of(tab, name: str) -> str:
    return tab.run(f"document.getElementById('{name}').textContent")


def look(tab, name: str) -> None:
    """Take pictures of the page in every look, and check that nothing sticks out."""
    for width, dark in LOOKS:
        tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        tab.call("Emulation.setEmulatedMedia", features=[scheme])
        tab.run("new Promise((done) => setTimeout(done, 300))")
        assert tab.run("document.documentElement.scrollWidth") <= width
        if PICTURES:
            look = f"{name}-{width}-{'dark' if dark else 'light'}.png"
            tab.picture(Path(PICTURES) / look, whole=True)


def check_own(tab, service) -> None:
    """Check that nothing left the machine, and nothing went wrong."""
    assert tab.errors == []
    kinds = (service.address, "data:", "blob:" + service.address, "about:blank")
    assert [each for each in tab.requests if not each.startswith(kinds)] == []


def test_a_video_is_analyzed_before_ones_eyes(tab, service):
    show(tab, service)
    tab.wait("document.getElementById('limit').textContent")
    look(tab, "choose")
    tab.run("document.getElementById('overlay').click()")
    choose(tab, PEOPLE)
    tab.wait("document.getElementById('state').textContent.startsWith('Analyzing')", 60)
    tab.wait("wildaffect.player.frames.length > 20", 60)
    assert tab.run("wildaffect.player.video.currentTime") > 0  # follows what comes in
    look(tab, "running")
    tab.wait("document.getElementById('state').textContent.startsWith('Done')", 120)
    tab.wait("wildaffect.player.frames.length === 240", 60)
    assert text_of(tab, "state").startswith("Done: 240 frames")
    assert text_of(tab, "message") == ""
    links = tab.run("[...document.querySelectorAll('.files a')].map((a) => a.textContent)")
    assert links == [
        *("Table (CSV)", "Table (Parquet)", "Table (JSON Lines)", "Events (CSV)"),
        *("Report to look at", "Video with everything drawn"),
    ]
    for time_s in (1.0, 4.5):
        tab.run(f"wildaffect.player.seek({time_s})")
        tab.wait("!wildaffect.player.video.seeking")
        frame = tab.run("wildaffect.player.rows()[0].frame")
        assert frame == round(time_s * 30)
        number = tab.run("wildaffect.player.rows().length")
        assert number >= 2
        assert tab.run("document.querySelectorAll('#now tbody tr').length") == number
    look(tab, "done")
    check_own(tab, service)


def test_a_reloaded_page_still_has_its_job_until_it_is_deleted(tab, service):
    show(tab, service)
    tab.wait("document.getElementById('limit').textContent")
    choose(tab, PORTRAIT)
    tab.wait("document.getElementById('state').textContent.startsWith('Done')", 60)
    job = tab.run("new URLSearchParams(location.hash.slice(1)).get('job')")
    tab.call("Page.reload")
    tab.wait("document.getElementById('state')?.textContent.startsWith('Done')", 60)
    tab.wait("wildaffect.player.shown?.length === 1")
    look(tab, "photo")
    check_own(tab, service)
    tab.run("document.getElementById('delete').click()")
    tab.wait("document.getElementById('choose').hidden === false")
    assert service.request("GET", f"/api/jobs/{job}")[0] == 404
    assert tab.run("location.hash") == ""


def test_what_is_no_video_is_told_in_words(tab, service, tmp_path):
    text = tmp_path / "notes.mp4"
    text.write_text("notes " * 200)
    show(tab, service)
    tab.wait("document.getElementById('limit').textContent")
    choose(tab, text)
    tab.wait("!document.getElementById('message').hidden")
    tab.wait("document.getElementById('message').textContent.includes('neither a video')")
    look(tab, "refused")
    assert tab.run("document.getElementById('choose').hidden") is False


def test_two_browsers_see_their_own_jobs(tab, service, tmp_path, clip):
    show(tab, service)
    tab.wait("document.getElementById('limit').textContent")
    choose(tab, clip)
    with open_tab(tmp_path / "other") as other:
        show(other, service)
        other.wait("document.getElementById('limit').textContent")
        choose(other, PORTRAIT)
        for each, name in ((tab, clip.name), (other, PORTRAIT.name)):
            each.wait("document.getElementById('state').textContent.startsWith('Done')", 90)
            assert text_of(each, "name") == name
        check_own(other, service)
    check_own(tab, service)


def test_the_camera_is_read_live(tab, service):
    show(tab, service, "/camera")
    look(tab, "camera-off")
    tab.run("document.getElementById('toggle').click()")
    tab.wait("wildaffect.session()?.delays.length >= 20", 90)
    tab.wait("wildaffect.session()?.rows[0]?.status === 'ok'", 30)
    tab.wait("document.getElementById('rate').textContent.includes('per second')")
    seen = json.loads(tab.run("JSON.stringify(wildaffect.session().rows[0])"))
    assert {"valence", "arousal", "expression", "box_x0"} <= seen.keys()
    assert 150 < seen["box_x0"] < 400
    look(tab, "camera")
    tab.run("document.getElementById('toggle').click()")
    assert text_of(tab, "state") == "The camera is off."
    assert tab.run("document.getElementById('video').srcObject") is None
    check_own(tab, service)


def test_a_page_gets_in_with_the_token_alone(tab, tmp_path):
    token = "a-token-of-thirty-two-characters"
    with running(tmp_path, environment={"WILDAFFECT_TOKEN": token}) as service:
        show(tab, service)
        tab.wait("!document.getElementById('login').hidden")
        look(tab, "login")
        tab.run("document.getElementById('token').value = 'a wrong token'")
        tab.run("document.querySelector('#login button').click()")
        tab.wait("document.getElementById('message').textContent.includes('not the token')")
        show(tab, service, f"#token={token}")
        tab.wait("document.getElementById('limit').textContent")
        assert tab.run("location.href") == f"{service.address}/"
        assert not [each for each in tab.requests if token in each.partition("#")[0]]
        assert tab.run("document.cookie") == ""
        assert token not in "".join(service.log)


def test_the_api_is_described_without_anything_from_elsewhere(tab, service):
    show(tab, service, "/docs")
    tab.wait("document.querySelectorAll('.route').length > 10")
    look(tab, "api")
    check_own(tab, service)
