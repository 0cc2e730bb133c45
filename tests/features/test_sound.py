"""Log-mel energies tell frequency, loudness and time of a sound."""

import av
import numpy as np
import pytest

from wildaffect.cli.main import main
from wildaffect.core.errors import FeatureError, UnreadableVideo
from wildaffect.features.extract_sources import ExtractSource
from wildaffect.features.log_mel import FLOOR, LENGTH, centers_hz, log_mel
from wildaffect.features.sound import extract_sound, log_mel_set
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.video.waveform import RATE_HZ


def tone(hz, num=LENGTH):
    return np.sin(2 * np.pi * hz * np.arange(num) / RATE_HZ).astype(np.float32)


@pytest.mark.parametrize("hz", [200.0, 1000.0, 5000.0])
def test_a_tone_is_loudest_in_the_band_around_it(hz):
    (row,) = log_mel(tone(hz)[None])
    assert abs(int(row.argmax()) - int(np.abs(centers_hz() - hz).argmin())) <= 1


def test_twice_the_amplitude_is_four_times_the_energy_and_silence_the_floor():
    once, twice = log_mel(np.stack([tone(1000.0), 2 * tone(1000.0)]))
    assert twice.max() - once.max() == pytest.approx(np.log(4), abs=1e-4)
    np.testing.assert_allclose(log_mel(np.zeros((1, LENGTH))), np.log(FLOOR), rtol=1e-6)


@pytest.fixture
def sound(tmp_path):
    """One second of silence, then one of a tone of 1 kHz, as WAV."""
    path = tmp_path / "clip.wav"
    wave = np.concatenate([np.zeros(RATE_HZ, np.float32), 0.5 * tone(1000.0, RATE_HZ)])
    with av.open(path, "w") as output:
        stream = output.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        samples = (wave * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, "s16", layout="mono")
        frame.sample_rate = RATE_HZ
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return ExtractSource(video="clip", path=path, images=None)


def test_rows_are_moments_with_the_time_of_the_middle_of_their_window(sound, tmp_path):
    store = FeatureStore(tmp_path / "store")
    assert extract_sound(sound, store, log_mel_set()) == (True, ())
    stored = store.open(EntryName("logmel", "clip", "0"))
    assert stored.sidecar.numbering == "moments"
    np.testing.assert_allclose(stored.time_s[:2], [0.0125, 0.0225])
    assert len(stored) == 198
    loud = stored.read().max(axis=1) > 0
    assert stored.time_s[loud][0] == pytest.approx(1.0, abs=0.015)
    assert loud[stored.time_s > 1.02].all()
    assert extract_sound(sound, store, log_mel_set()) == (False, ())


def test_another_file_of_the_name_is_refused_and_overwritten_on_request(sound, tmp_path):
    store = FeatureStore(tmp_path / "store")
    extract_sound(sound, store, log_mel_set())
    data = bytearray(sound.path.read_bytes())
    data[-1] ^= 1
    sound.path.write_bytes(data)
    with pytest.raises(FeatureError, match="content_sha256 must be"):
        extract_sound(sound, store, log_mel_set())
    assert extract_sound(sound, store, log_mel_set(), overwrite=True)[0]


def test_what_is_no_sound_is_refused(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"no sound at all" * 20)
    source = ExtractSource(video="clip", path=path, images=None)
    store = FeatureStore(tmp_path / "store")
    with pytest.raises(UnreadableVideo, match=r"clip\.wav"):
        extract_sound(source, store, log_mel_set())


def test_the_command_extracts_what_has_sound_and_names_what_has_none(
    sound, tmp_path, capsys
):
    silent = tmp_path / "silent.wav"
    silent.write_bytes(b"")
    words = ["features", "audio", str(sound.path), str(silent), "-o", str(tmp_path / "s")]
    assert main(words) == 1
    printed = capsys.readouterr()
    assert "logmel of 1 videos, 0 left as they were, 1 failed" in printed.out
    assert "silent.wav" in printed.out + printed.err
    assert main([*words[:3], *words[4:]]) == 0
    assert "logmel of 0 videos, 1 left as they were" in capsys.readouterr().out
