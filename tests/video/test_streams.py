"""Which stream of a container is read, and what its clock says."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition

from wildaffect.core.errors import UnreadableVideo
from wildaffect.video.read import open_source

GRAY, WHITE = 90, 255


def add_video(output, size, *, codec="libx264", aspect=None):
    stream = output.add_stream(codec, rate=25)
    stream.width, stream.height = size
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    if aspect is not None:
        stream.codec_context.sample_aspect_ratio = aspect
    return stream


def draw(output, stream, *, num_frames, first=0, gray=GRAY):
    rgb = np.full((stream.height, stream.width, 3), gray, np.uint8)
    for number in range(first, first + num_frames):
        frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def add_sound(output, *, seconds, codec="aac", rate_hz=48_000):
    stream = output.add_stream(codec, rate=rate_hz, layout="mono")
    step = rate_hz // 50
    for first in range(0, round(seconds * rate_hz), step):
        sound = av.AudioFrame.from_ndarray(
            np.zeros((1, step), np.float32), "fltp", layout="mono"
        )
        sound.sample_rate, sound.pts, sound.time_base = rate_hz, first, Fraction(1, rate_hz)
        output.mux(stream.encode(sound))
    output.mux(stream.encode(None))


def read(path):
    with open_source(path) as reader:
        return reader.info, list(reader)


def test_the_default_stream_is_read_and_named(tmp_path):
    clip = tmp_path / "two.mkv"
    with av.open(clip, "w") as output:
        streams = [add_video(output, size) for size in [(96, 64), (64, 48)]]
        streams[0].disposition = Disposition(0)
        streams[1].disposition = Disposition.default
        for stream in streams:
            draw(output, stream, num_frames=4)
    info, frames = read(clip)
    assert info.stream == 1
    assert [frame.rgb.shape for frame in frames] == [(48, 64, 3)] * 4


def test_of_equal_streams_the_largest_is_read(tmp_path):
    clip = tmp_path / "two.ts"  # which has no default
    with av.open(clip, "w") as output:
        streams = [add_video(output, size) for size in [(64, 48), (96, 64), (96, 64)]]
        for stream in streams:
            draw(output, stream, num_frames=30)
    info, frames = read(clip)
    assert info.stream == 1
    assert {frame.rgb.shape for frame in frames} == {(64, 96, 3)}


def test_a_cover_is_no_video(tmp_path):
    clip = tmp_path / "cover.mp4"
    with av.open(clip, "w") as output:
        cover = add_video(output, (320, 240), codec="mjpeg")
        film = add_video(output, (64, 48))
        cover.disposition = Disposition.attached_pic
        draw(output, cover, num_frames=1, gray=WHITE)
        draw(output, film, num_frames=4)
    info, frames = read(clip)
    assert info.codec == "h264"
    assert [frame.rgb.shape for frame in frames] == [(48, 64, 3)] * 4


def test_a_picture_that_starts_late_keeps_the_time_of_the_sound(tmp_path):
    clip = tmp_path / "late.mkv"
    with av.open(clip, "w") as output:
        film = add_video(output, (64, 48))
        add_sound(output, seconds=3, codec="flac")
        draw(output, film, num_frames=5, first=38)
    info, frames = read(clip)
    assert info.start_s == pytest.approx(1.52, abs=2e-3)
    np.testing.assert_allclose(
        [frame.time_s for frame in frames], np.arange(38, 43) / 25, atol=2e-3
    )


def test_sound_that_starts_late_leaves_the_pictures_at_zero(tmp_path):
    clip = tmp_path / "late.mp4"
    with av.open(clip, "w") as output:
        film = add_video(output, (64, 48))
        sound = output.add_stream("aac", rate=48_000, layout="mono")
        for number in range(20):
            samples = av.AudioFrame.from_ndarray(
                np.zeros((1, 960), np.float32), "fltp", layout="mono"
            )
            samples.sample_rate, samples.pts = 48_000, 24_000 + 960 * number
            samples.time_base = Fraction(1, 48_000)
            output.mux(sound.encode(samples))
        output.mux(sound.encode(None))
        draw(output, film, num_frames=5)
    info, frames = read(clip)
    assert info.start_s == 0.0
    assert frames[0].time_s == 0.0


@pytest.mark.parametrize(
    ("name", "codec", "sound"),
    [
        ("talk.webm", "libvpx", "libopus"),
        ("talk.mp4", "libx264", "aac"),
        ("talk.mkv", "libx264", "aac"),
    ],
)
def test_what_an_encoder_of_sound_puts_before_zero_moves_no_picture(
    tmp_path, name, codec, sound
):
    with av.open(tmp_path / name, "w") as output:
        film = add_video(output, (64, 48), codec=codec)
        add_sound(output, seconds=1, codec=sound)
        draw(output, film, num_frames=5)
    with av.open(tmp_path / name) as container:
        assert next(container.demux(audio=0)).pts < 0
    assert [round(frame.time_s, 9) for frame in read(tmp_path / name)[1]][:2] == [0.0, 0.04]


def test_a_broadcast_that_starts_anywhere_begins_at_its_first_sound_or_picture(tmp_path):
    clip = tmp_path / "cast.ts"
    with av.open(clip, "w", options={"output_ts_offset": "100"}) as output:
        film = add_video(output, (64, 48))
        add_sound(output, seconds=2, codec="mp2")
        draw(output, film, num_frames=30, first=10)
    with av.open(clip) as container:
        assert container.start_time > 1_000_000
    assert read(clip)[1][0].time_s == pytest.approx(0.4, abs=0.03)


def test_pixels_change_their_aspect_with_the_frame_that_says_so(tmp_path):
    parts = []
    for number, aspect in enumerate([Fraction(1), Fraction(4, 3)]):
        part = tmp_path / f"{number}.ts"
        with av.open(part, "w") as output:
            stream = add_video(output, (64, 48), codec="mpeg2video", aspect=aspect)
            stream.max_b_frames = 2
            draw(output, stream, num_frames=10, first=11 * number)
        parts.append(part.read_bytes())
    clip = tmp_path / "cast.ts"
    clip.write_bytes(b"".join(parts))
    widths = [frame.rgb.shape[1] for frame in read(clip)[1]]
    assert widths == [64] * 10 + [85] * 10


def test_a_codec_without_a_decoder_is_refused_by_its_stream(tmp_path, make_clip):
    clip = make_clip("odd.mp4", num_frames=3)
    data = clip.read_bytes()
    clip.write_bytes(data.replace(b"avc1", b"zzz1").replace(b"avcC", b"zzzC"))
    with pytest.raises(
        UnreadableVideo, match=r"odd\.mp4: stream 0: no decoder for its codec; convert it"
    ):
        open_source(clip)
