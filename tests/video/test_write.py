import subprocess
import sys

import av
import numpy as np
import pytest

from wildaffect.core.errors import OutputError, UnreadableVideo
from wildaffect.video.read import open_source
from wildaffect.video.write import VideoWriter, choose_encoder


def write_numbers(path, image_of, times_s, size=(64, 48), **options):
    width, height = size
    with VideoWriter(path, width=width, height=height, **options) as writer:
        for number, time_s in enumerate(times_s):
            writer.write(image_of(number, width, height), time_s)
    return path


def test_frames_and_their_uneven_times_come_back(tmp_path, image_of, number_of):
    times_s = 3.0 + np.cumsum(np.random.default_rng(1).uniform(0.005, 0.2, 50))
    path = write_numbers(tmp_path / "out.mp4", image_of, times_s.tolist(), fps_hint=25.0)
    with open_source(path) as reader:
        frames = list(reader)
        assert reader.info.codec == "h264"
    assert [number_of(frame.rgb) for frame in frames] == list(range(50))
    np.testing.assert_allclose(
        [frame.time_s for frame in frames], times_s - times_s[0], atol=1 / 90_000
    )
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [(65, 47), (65, 48), (64, 47), (1, 1), (2, 2)])
def test_odd_sizes_are_padded_by_their_edge(tmp_path, size):
    width, height = size
    path = tmp_path / "odd.mp4"
    rgb = np.full((height, width, 3), (200, 40, 60), np.uint8)
    with VideoWriter(path, width=width, height=height) as writer:
        writer.write(rgb, 0.0)
    with open_source(path) as reader:
        (frame,) = reader
    assert frame.rgb.shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(frame.rgb.astype(int) - (200, 40, 60)).max() <= 6


def clicks_s(path):
    """Return when clicks begin and how long the sound is, in seconds of the file."""
    with av.open(path) as container:
        pieces = [(f.time, f.rate, f.to_ndarray()) for f in container.decode(audio=0)]
    first_s, rate_hz, _ = pieces[0]
    wave = np.concatenate([np.atleast_2d(piece)[0] for _, _, piece in pieces]).astype(float)
    loud = np.flatnonzero(np.abs(wave) > 0.4 * np.abs(wave).max())
    begins = loud[np.r_[True, np.diff(loud) > rate_hz // 10]]
    return first_s + begins / rate_hz, len(wave) / rate_hz


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz", "kept"),
    [
        ("source.mp4", "aac", 48_000, "aac"),
        ("source.mkv", "libopus", 48_000, "opus"),
        ("uncompressed.mkv", "pcm_s16le", 48_000, "aac"),
        ("telephone.mkv", "pcm_s16le", 8_000, "aac"),
    ],
)
def test_the_sound_is_kept_in_step_and_cut_to_the_frames(
    make_sound, tmp_path, name, codec, rate_hz, kept
):
    source = make_sound(name, codec, rate_hz=rate_hz)
    path = tmp_path / "part.mp4"
    with open_source(source, start_s=0.6, stop_s=1.6) as reader:
        info = reader.info
        size = {"width": info.width, "height": info.height}
        with VideoWriter(path, **size, fps_hint=info.fps, audio_from=source) as writer:
            for frame in reader:
                writer.write(frame.rgb, frame.time_s)
    with av.open(path) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert audio.codec_context.name == kept
        assert float(video.duration * video.time_base) == pytest.approx(1.0, abs=0.01)
    begins_s, length_s = clicks_s(path)
    np.testing.assert_allclose(begins_s, [0.4, 0.9], atol=0.012)
    assert length_s == pytest.approx(1.0, abs=0.06)


def test_a_source_without_sound_gives_a_silent_video(make_clip, tmp_path, image_of):
    path = tmp_path / "silent.mp4"
    write_numbers(path, image_of, [0.0, 0.04], audio_from=make_clip("mute.mp4"))
    with av.open(path) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_the_index_is_at_the_front_so_that_browsers_play_at_once(tmp_path, image_of):
    path = tmp_path / "x.mp4"
    write_numbers(path, image_of, [0.0, 0.1])
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def break_off(path, image):
    with VideoWriter(path, width=64, height=48) as writer:
        writer.write(image, 0.0)
        raise KeyboardInterrupt


def test_an_exception_leaves_nothing_behind(tmp_path, image_of):
    path = tmp_path / "out.mp4"
    path.write_text("an older result")
    with pytest.raises(KeyboardInterrupt):
        break_off(path, image_of(0))
    assert path.read_text() == "an older result"
    assert list(tmp_path.iterdir()) == [path]


def test_a_video_without_frames_is_refused(tmp_path):
    with (
        pytest.raises(OutputError, match="a video must have a frame, got none"),
        VideoWriter(tmp_path / "none.mp4", width=64, height=48),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"out\.mp4: cannot be written \(no such file"):
        VideoWriter(tmp_path / "gone" / "out.mp4", width=64, height=48)


def test_an_unreadable_source_of_sound_is_named(tmp_path):
    path = tmp_path / "out.mp4"
    with pytest.raises(UnreadableVideo, match="nope"):
        VideoWriter(path, width=64, height=48, audio_from=tmp_path / "nope.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_output_error_and_leaves_no_file(tmp_path):
    code = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from wildaffect.core.errors import OutputError
from wildaffect.video.write import VideoWriter

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
rng = np.random.default_rng(0)
try:
    with VideoWriter(Path(sys.argv[1]), width=320, height=240) as writer:
        for number in range(60):
            writer.write(rng.integers(0, 256, (240, 320, 3), np.uint8), number / 25)
except OutputError as error:
    print(error)
"""
    path = tmp_path / "full.mp4"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert f"{path}: cannot be written (file too large)" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_shape_and_time_of_a_frame_are_checked(tmp_path, image_of):
    with VideoWriter(tmp_path / "out.mp4", width=64, height=48) as writer:
        writer.write(image_of(0), 1.0)
        with pytest.raises(ValueError, match=r"shape \(48, 64, 3\), got \(47, 64, 3\)"):
            writer.write(image_of(0)[1:], 2.0)
        with pytest.raises(ValueError, match=r"later than 1 s, got 1 s"):
            writer.write(image_of(0), 1.0)


def test_without_an_h264_encoder_those_that_exist_are_named():
    assert choose_encoder({"h264_mf", "libx264", "mpeg4"}) == "libx264"
    assert choose_encoder({"libopenh264", "h264_mf"}) == "libopenh264"
    with pytest.raises(OutputError, match=r"H\.264 encoder .* got libvpx, mpeg4;"):
        choose_encoder({"mpeg4", "libvpx", "aac"})
