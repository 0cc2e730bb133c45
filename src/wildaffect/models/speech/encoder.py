"""Speech networks of transformers as features of sound, with weights of the user's own.

wav2vec 2.0, HuBERT, WavLM, data2vec and the encoder of Whisper, in the folder that
`save_pretrained` writes or the Hugging Face hub holds. Nothing is downloaded and no code of
the folder is run. Symbols: N samples, T states, D columns.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from wildaffect.core.errors import BadWeights, MissingExtra, UsageError
from wildaffect.core.hashes import hash_files
from wildaffect.features.sound import SoundRows, SoundSet
from wildaffect.video.waveform import RATE_HZ, Samples, Waveform

KINDS = ("wav2vec2", "hubert", "wavlm", "data2vec-audio", "whisper")
CHUNK_S = 20.0
"""Sound that the network sees at once; its states depend on all of it."""
ROW_S = 0.1
"""Distance of rows, means of the states in it: about five."""
_SHORTEST = 1600
"""Samples of the shortest last chunk; less has too few states."""
_UNUSED = ("masked_spec_embed",)
"""Weights of training alone, which some files lack."""


def speech_set(folder: Path, name: str | None = None) -> SoundSet:
    """Return the features of a speech network, every 0.1 s.

    Args:
        folder: Folder with `config.json`, `preprocessor_config.json` and safetensors.
        name: Name of the feature set; that of the folder by default.

    Raises:
        MissingExtra: If transformers is not installed.
        UsageError: If the folder does not exist, or holds another kind of network.
        BadWeights: If the weights are missing, damaged, or of another architecture.
    """
    encoder = SpeechEncoder(folder)
    files = [*folder.glob("*.safetensors"), *folder.glob("*config.json")]
    return SoundSet(
        name=name or folder.resolve().name,
        columns=tuple(f"{column:04d}" for column in range(encoder.width)),
        weights_sha256=hash_files(folder.name, files).sha256 or "",
        rows_of=encoder.rows_of,
    )


class SpeechEncoder:
    """A speech network and its preparation of samples.

    Attributes:
        width: Number of columns, D.
    """

    def __init__(self, folder: Path) -> None:
        transformers = _transformers()
        if not (folder / "config.json").is_file():
            raise UsageError(
                f"{folder}: must be the folder of a speech network, with config.json, "
                "preprocessor_config.json and model.safetensors"
            )
        local = {"local_files_only": True, "trust_remote_code": False}
        try:
            config = transformers.AutoConfig.from_pretrained(folder, **local)
            if config.model_type not in KINDS:
                raise UsageError(
                    f"{folder}: network must be one of {', '.join(KINDS)}, got "
                    f"{config.model_type}"
                )
            self._prepare = transformers.AutoFeatureExtractor.from_pretrained(
                folder, **local
            )
            model, report = transformers.AutoModel.from_pretrained(
                folder, use_safetensors=True, output_loading_info=True, **local
            )
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise BadWeights(f"{folder}: cannot be loaded: {reason}") from error
        missing = [key for key in report["missing_keys"] if not key.endswith(_UNUSED)]
        if missing:
            raise BadWeights(
                f"{folder}: weights must be those of its {config.model_type}, "
                f"{len(missing)} tensors are missing, such as {min(missing)}"
            )
        self._is_whisper = config.model_type == "whisper"
        self._model: Any = (model.get_encoder() if self._is_whisper else model).eval()
        self.width = int(config.d_model if self._is_whisper else config.hidden_size)

    def rows_of(self, waveform: Waveform) -> SoundRows:
        """Return times and features of a file's sound, every 0.1 s."""
        times_s: list[NDArray[np.floating]] = []
        rows: list[NDArray[np.float32]] = []
        start_s = waveform.start_s
        for chunk in _chunks(waveform.blocks()):
            states = self._states(chunk)
            chunk_s = len(chunk) / RATE_HZ
            places = (np.arange(len(states)) + 0.5) * chunk_s / len(states) / ROW_S
            bins, inverse = np.unique(places.astype(np.int64), return_inverse=True)
            sums = np.zeros((len(bins), self.width))
            np.add.at(sums, inverse, states)
            counts = np.bincount(inverse)
            rows.append((sums / counts[:, None]).astype(np.float32))
            times_s.append(start_s + (bins + 0.5) * ROW_S)
            start_s += chunk_s
        if not rows:
            return np.zeros(0), np.zeros((0, self.width), np.float32)
        return np.concatenate(times_s), np.concatenate(rows)

    def _states(self, chunk: Samples) -> NDArray[np.float32]:
        """Return the last hidden states of a chunk, shape (T, D)."""
        prepared = self._prepare(chunk, sampling_rate=RATE_HZ, return_tensors="pt")
        (inputs,) = (prepared[name] for name in self._prepare.model_input_names[:1])
        with torch.inference_mode():
            states = self._model(inputs).last_hidden_state[0].numpy()
        if not self._is_whisper:
            return states
        padded_s = float(self._prepare.n_samples) / RATE_HZ  # Whisper pads to 30 s
        return states[: max(1, round(len(states) * len(chunk) / RATE_HZ / padded_s))]


def _chunks(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """Yield chunks of 20 s, and a shorter last one."""
    length = round(CHUNK_S * RATE_HZ)
    held: Samples = np.zeros(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= length:
            yield held[:length]
            held = held[length:]
    if len(held) >= _SHORTEST:
        yield held


def _transformers() -> Any:
    try:
        import transformers  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtra("a speech network", "speech") from error
    return transformers
