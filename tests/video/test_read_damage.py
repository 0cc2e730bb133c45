import functools
import http.server
import subprocess
import sys
import threading
import warnings

import av
import pytest

from wildaffect.core.errors import TruncatedVideo, UnreadableVideo
from wildaffect.video.picture import DamagedVideoWarning
from wildaffect.video.read import open_source

BULKY = {"num_frames": 40, "size": (160, 120), "noise": True}


def read_until_it_breaks(source, **options):
    """Return the frames that came and the error after them, if any."""
    frames = []
    with open_source(source, **options) as reader, warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedVideoWarning)
        try:
            frames.extend(reader)
        except TruncatedVideo as error:
            return frames, error, reader.damage
        return frames, None, reader.damage


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kept", [0.25, 0.5, 0.77, 0.97])
@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv", "cut.avi", "cut.mov"])
def test_a_cut_off_file_gives_its_frames_and_then_says_where_it_ends(
    make_clip, number_of, name, kept, threads
):
    clip = make_clip(name, options={"g": "10"}, **BULKY)
    data = clip.read_bytes()
    clip.write_bytes(data[: int(len(data) * kept)])
    frames, error, damage = read_until_it_breaks(clip, decoder_threads=threads)
    assert error is not None
    assert str(error).startswith(f"{clip}: frame {error.frame_index}: ")
    assert error.frame_index >= kept * 40 * 0.5
    if not name.endswith(".avi"):  # which cannot tell which of the last frames were lost
        assert [number_of(frame.rgb) for frame in frames] == [f.index for f in frames]
        delivered = {frame.index for frame in frames}
        assert delivered | set(damage.lost) == set(range(error.frame_index))
        assert not delivered & set(damage.lost)


def test_more_threads_lose_no_frame_near_damage(make_clip):
    clip = make_clip("cut.mp4", options={"g": "10"}, **BULKY)
    data = clip.read_bytes()
    for kept in (0.3, 0.55, 0.8):
        clip.write_bytes(data[: int(len(data) * kept)])
        counts = {
            len(read_until_it_breaks(clip, decoder_threads=threads)[0])
            for threads in (1, 2, 4)
        }
        assert len(counts) == 1


def packet_places(clip):
    """Return position and size in bytes of each packet, with the number of its frame."""
    with av.open(clip) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        shown = sorted(packet.pts for packet in packets)
        return {shown.index(packet.pts): (packet.pos, packet.size) for packet in packets}


@pytest.mark.parametrize("threads", [1, 2])
def test_undecodable_packets_leave_a_gap_in_the_numbers_and_are_reported(
    make_clip, number_of, threads
):
    clip = make_clip("holes.mkv", codec="mjpeg", pix_fmt="yuvj420p", **BULKY)
    data = bytearray(clip.read_bytes())
    places = packet_places(clip)
    for number in (7, 8, 20):
        position, size = places[number]
        start = data.index(b"\xff\xd8", position)
        data[start : start + size] = bytes(size)
    clip.write_bytes(data)
    with open_source(clip, decoder_threads=threads) as reader:
        expected = r"holes\.mkv: frames: 3 not decodable and left out \(7, 8, 20\)"
        with pytest.warns(DamagedVideoWarning, match=expected):
            frames = list(reader)
        assert reader.damage.lost == [7, 8, 20]
    assert [frame.index for frame in frames] == [
        k for k in range(40) if k not in (7, 8, 20)
    ]
    assert [number_of(frame.rgb) for frame in frames] == [frame.index for frame in frames]
    assert [round(frame.time_s * 25) for frame in frames] == [f.index for f in frames]


def test_numbers_stay_right_after_a_damaged_key_frame(make_clip, number_of):
    clip = make_clip(
        "holes.mp4", options={"g": "10", "bf": "2", "sc_threshold": "0"}, **BULKY
    )
    data = bytearray(clip.read_bytes())
    position, size = packet_places(clip)[10]
    data[position : position + size] = bytes(size)
    clip.write_bytes(data)
    with open_source(clip) as reader, pytest.warns(DamagedVideoWarning):
        frames = list(reader)
    late = [frame for frame in frames if frame.index >= 20]
    assert len(late) == 20
    assert [number_of(frame.rgb) for frame in late] == list(range(20, 40))
    assert [round(frame.time_s * 25) for frame in frames] == [f.index for f in frames]
    assert {frame.index for frame in frames} | set(reader.damage.lost) == set(range(40))


def test_frames_that_vanish_without_an_error_are_counted(make_clip):
    clip = make_clip("fewer.avi", codec="mpeg4", num_frames=40)
    data = bytearray(clip.read_bytes())
    header = data.index(b"strh") + 8 + 32  # dwLength of the stream header
    data[header : header + 4] = (43).to_bytes(4, "little")
    clip.write_bytes(data)
    with (
        open_source(clip) as reader,
        pytest.warns(DamagedVideoWarning, match="3 fewer than the file announces"),
    ):
        assert len(list(reader)) == 40


def test_frames_that_end_long_before_the_announced_end_are_a_truncated_video(make_clip):
    clip = make_clip("broken.webm", codec="libvpx", num_frames=60)
    data = bytearray(clip.read_bytes())
    middle = len(data) // 3
    data[middle:] = bytes(len(data) - middle)
    clip.write_bytes(data)
    frames, error, _ = read_until_it_breaks(clip)
    assert error is not None
    assert error.frame_index == len(frames) < 40


def test_a_long_last_frame_is_no_truncation(make_clip):
    times_ms = [40 * number for number in range(39)] + [2500]
    clip = make_clip("slides.mkv", times_ms=times_ms)
    frames, error, damage = read_until_it_breaks(clip)
    assert error is None
    assert not damage
    assert len(frames) == 40


def test_stopping_before_the_damage_reads_without_complaint(make_clip):
    clip = make_clip("cut.mp4", **BULKY)
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    with open_source(clip, stop_s=0.2) as reader:
        assert len(list(reader)) == 5
    assert not reader.damage


def test_a_connection_that_ends_early_is_a_truncated_video(make_clip):
    clip = make_clip("served.mp4", **BULKY)
    data = clip.read_bytes()

    class Breaking(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Breaking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/served.mp4"
        frames, error, _ = read_until_it_breaks(address)
        server.shutdown()
    assert error is not None
    assert 10 < len(frames) < 40


def refusing(make, tmp_path, kind):
    path = tmp_path / "clip.mp4"
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("no film\n" * 100)
        case "text by name":
            path = tmp_path / "notes.txt"
            path.write_text("no film\n" * 100)
        case "playlist":
            path.write_text("#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:1/a.ts\n")
        case "unfinished":
            path = make("whole.mp4")
            data = path.read_bytes()
            path.write_bytes(data[: data.index(b"moov") - 4] + b"\0\0\0\x10mdat" + bytes(8))
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "no such file or folder; check the path"),
        ("empty", "the file is empty"),
        ("text", "not a video, or damaged beyond reading"),
        ("text by name", "this is text, not a video|not a video"),
        ("playlist", "not a video|no frame could be decoded|no video stream"),
        ("unfinished", "the recording was never finished"),
    ],
)
def test_what_is_no_video_is_named_and_refused_in_one_line(
    make_clip, tmp_path, capfd, kind, message
):
    path = refusing(make_clip, tmp_path, kind)
    with pytest.raises(UnreadableVideo, match=message) as caught:
        open_source(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.wav", "pcm_s16le")])
def test_sound_alone_is_refused(make_sound, name, codec):
    with pytest.raises(UnreadableVideo, match="it holds sound but no video stream"):
        open_source(make_sound(name, codec, pictures=False))


def test_a_video_without_a_frame_is_refused(make_clip):
    clip = make_clip("none.mkv", codec="ffv1", pix_fmt="bgra", num_frames=1)
    data = clip.read_bytes()
    with av.open(clip) as container:
        position = next(container.demux(video=0)).pos
    clip.write_bytes(data[:position])
    with pytest.raises(
        UnreadableVideo, match=r"no frame could be decoded|before its first"
    ):
        open_source(clip)


def test_a_file_without_permission_is_refused(unprivileged):
    clip = unprivileged / "locked.mp4"
    clip.write_bytes(b"anything")
    clip.chmod(0)
    with pytest.raises(UnreadableVideo, match="no permission to read it"):
        open_source(clip)


def test_an_absent_camera_is_named(capfd):
    with pytest.raises(UnreadableVideo, match="camera 99: no such camera"):
        open_source("99")
    assert capfd.readouterr() == ("", "")


def test_an_address_that_does_not_answer_is_named_without_its_password():
    with pytest.raises(
        UnreadableVideo, match=r"^rtsp://127\.0\.0\.1:1/x: no video from"
    ) as e:
        open_source("rtsp://someone:secret@127.0.0.1:1/x")
    assert "secret" not in str(e.value)


def test_an_http_error_is_named(tmp_path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(UnreadableVideo, match="not found"):
            open_source(f"http://127.0.0.1:{server.server_port}/gone.mp4")
        server.shutdown()


def test_the_decoder_writes_nothing_to_the_terminal(make_clip):
    clip = make_clip("cut.mp4", **BULKY)
    data = bytearray(clip.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    clip.write_bytes(data[: len(data) * 3 // 4])
    code = (
        "import sys; from wildaffect.video.read import open_source\n"
        "from wildaffect.core.errors import TruncatedVideo\n"
        "try: list(open_source(sys.argv[1]))\n"
        "except TruncatedVideo: print('truncated')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(clip)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("truncated\n", "")
