"""Speech networks of tiny random weights, saved as their makers save them."""

import json

import numpy as np
import pytest
import torch

from wildaffect.core.errors import BadWeights, MissingExtra, UsageError
from wildaffect.models.speech.encoder import SpeechEncoder, speech_set
from wildaffect.video.waveform import RATE_HZ

try:
    import transformers
except ImportError:
    transformers = None

needs_transformers = pytest.mark.skipif(transformers is None, reason="extra `speech`")
SMALL = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 16, "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4, "conv_dim": (8,) * 7,
}  # fmt: skip
WHISPER = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
    "num_mel_bins": 80, "vocab_size": 20, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2, "decoder_start_token_id": 3,
}  # fmt: skip
NAMES = {"wav2vec2": "Wav2Vec2", "wavlm": "WavLM", "hubert": "Hubert"}


class Sound:
    """A waveform in memory, in blocks."""

    def __init__(self, num_s, start_s=0.5):
        self.start_s = start_s
        rng = np.random.default_rng(0)
        self._samples = 0.1 * rng.normal(size=round(num_s * RATE_HZ)).astype(np.float32)

    def blocks(self):
        yield from np.array_split(self._samples, 7)


@pytest.fixture(params=[*NAMES, "whisper"])
def folder(request, tmp_path):
    torch.manual_seed(0)
    if request.param == "whisper":
        model = transformers.WhisperModel(transformers.WhisperConfig(**WHISPER))
        prepare = transformers.WhisperFeatureExtractor()
    else:
        name = NAMES[request.param]
        config = getattr(transformers, f"{name}Config")(**SMALL)
        model = getattr(transformers, f"{name}Model")(config)
        prepare = transformers.Wav2Vec2FeatureExtractor()
    model.save_pretrained(tmp_path / "net")
    prepare.save_pretrained(tmp_path / "net")
    return tmp_path / "net"


@needs_transformers
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_rows_come_every_tenth_of_a_second_on_the_clock_of_the_frames(folder):
    made = speech_set(folder)
    assert (made.name, len(made.columns), len(made.weights_sha256)) == ("net", 16, 64)
    times_s, rows = made.rows_of(Sound(21.0))  # a chunk of 20 s and one of 1 s
    assert rows.shape == (210, 16)
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(times_s, 0.55 + 0.1 * np.arange(210), atol=1e-9)
    again = SpeechEncoder(folder).rows_of(Sound(21.0))[1]
    np.testing.assert_array_equal(rows, again)
    assert len(made.rows_of(Sound(0.05))[0]) == 0


@needs_transformers
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("folder", ["wavlm"], indirect=True)
def test_weights_of_another_architecture_are_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 2}))
    with pytest.raises(BadWeights, match=r"those of its wavlm, \d+ tensors are missing"):
        SpeechEncoder(folder)
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "bert"}))
    with pytest.raises(UsageError, match=r"must be one of wav2vec2, .* got bert"):
        SpeechEncoder(folder)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").unlink()
    with pytest.raises(BadWeights, match="cannot be loaded"):
        SpeechEncoder(folder)


@needs_transformers
def test_what_is_no_folder_of_a_network_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"with config\.json"):
        SpeechEncoder(tmp_path / "none")


@pytest.mark.skipif(transformers is not None, reason="transformers is installed")
def test_without_the_extra_the_message_names_it(tmp_path):
    with pytest.raises(MissingExtra, match="speech"):
        SpeechEncoder(tmp_path)
