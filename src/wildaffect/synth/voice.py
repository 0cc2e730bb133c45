"""A voice of known information: rows of features, without sound.

Two readings, of valence and of arousal, show the true state beside smooth noise; they are
mixed with columns of noise alone, as an embedding mixes what it knows. Symbols: L rows, D
columns.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.checks import check_numbers
from wildaffect.synth.motion import FPS
from wildaffect.synth.noise import wander
from wildaffect.synth.plan import PlannedVideo
from wildaffect.synth.statistics import StatisticsName

NUM_COLUMNS = 8
STATE_SPREADS: dict[StatisticsName, tuple[float, float]] = {
    "balanced": (0.28, 0.24),
    "wild": (0.27, 0.21),
    "everyday": (0.24, 0.21),
}
"""Standard deviation of valence and of arousal in worlds of each statistics."""
NOISE_S = 0.7
"""Time constant of the noise, as of an annotator's trace."""
_MIXING = np.linalg.qr(np.random.default_rng(0x701CE).normal(size=(NUM_COLUMNS,) * 2))[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Information of the voice, alike in all videos of a world."""

    valence: float = 0.3
    """Share of the variance of its reading of valence that valence explains, in [0, 1)."""
    arousal: float = 0.5
    """The same of arousal."""
    step_frames: int = 3
    """Frames from row to row."""

    def __post_init__(self) -> None:
        check_numbers("voice", "[0, 1)", valence=self.valence, arousal=self.arousal)
        check_numbers("voice", "[1, inf)", step_frames=self.step_frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceTrack:
    """Features of one video's voice."""

    frame_number: NDArray[np.int64]
    """From 1, shape (L,)."""
    time_s: NDArray[np.float64]
    """Shape (L,)."""
    values: NDArray[np.float32]
    """Shape (L, D)."""


def draw_voice(video: PlannedVideo, voice: Voice) -> VoiceTrack:
    """Return the voice of a video, determined by the video's seed."""
    rng = np.random.default_rng((*video.seed, 0x701CE))
    frames = np.arange(0, video.num_frames, voice.step_frames)
    state = video.behavior().at(frames)
    rows = np.stack(
        [
            wander(rng, len(frames), voice.step_frames / FPS, NOISE_S, 1.0)
            for _ in range(NUM_COLUMNS)
        ],
        axis=1,
    )
    truths, shares = (state.valence, state.arousal), (voice.valence, voice.arousal)
    spreads = STATE_SPREADS[video.statistics]
    for column, (truth, share, spread) in enumerate(
        zip(truths, shares, spreads, strict=True)
    ):
        shown = np.sqrt(share) * truth / spread
        rows[:, column] = shown + np.sqrt(1 - share) * rows[:, column]
    return VoiceTrack(
        frame_number=frames + 1,
        time_s=frames / FPS,
        values=(rows @ _MIXING).astype(np.float32),
    )
