"""Behavior of a person and its perceived affect, by frame: the exact ground truth.

Valence and arousal follow a state with memory: it depends on episodes and a slow mood, and
the face shows it with pauses, masking and movement without affect. One frame is therefore
less informative than the seconds around it. Symbols: T video frames.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.bursts import add_bursts, keep_to_anatomy
from wildaffect.synth.facs import COLUMN, DRAWN
from wildaffect.synth.motion import FPS, move_eyes, move_head
from wildaffect.synth.noise import smoothstep, wander
from wildaffect.synth.prototypes import (
    CENTERS,
    EXPRESSIONS,
    LABEL_STRENGTH,
    TAKES_PART,
    TIED,
    VARIANTS,
)
from wildaffect.synth.statistics import Statistics

STATE_LAG_S = 1.6
"""Time constant with which the perceived state follows an episode."""
NEGATIVE = {"Anger", "Disgust", "Fear", "Sadness"}
AFFECT = {name: np.array(CENTERS[name][:2]) for name in EXPRESSIONS if name != "Neutral"}
"""Valence and arousal of the expressions; a neutral face shows neither."""
AFFECT["Neutral"] = np.zeros(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """One video's latent truth at `FPS`."""

    intensities: NDArray[np.float32]
    """Intensity of each unit of `facs.DRAWN`, in [0, 1], of the stronger side, shape (T,
    22)."""
    intensities_left: NDArray[np.float32]
    """The same of the subject's left side."""
    intensities_right: NDArray[np.float32]
    valence: NDArray[np.float32]
    """In [-1, 1], shape (T,)."""
    arousal: NDArray[np.float32]
    """In [-1, 1], shape (T,)."""
    expression: NDArray[np.int64]
    """Class of the shown expression, shape (T,)."""
    expression_strength: NDArray[np.float32]
    """Momentary strength of the expression, in [0, 1]; 0 for Neutral. Shape (T,)."""
    face_valence: NDArray[np.float32]
    """Momentary valence of the face, in [-1, 1], without lag, mood or annotator; 0 if it
    shows no affect. Shape (T,)."""
    face_arousal: NDArray[np.float32]
    pose: NDArray[np.float32]
    """Yaw, pitch, roll as in `core.faces.HeadPose` but in radians, shape (T, 3)."""
    gaze: NDArray[np.float32]
    """Rotation of the eyes in the head to the subject's left and up, radians, (T, 2)."""
    talking: NDArray[np.float32]
    """In [0, 1], shape (T,)."""

    def __len__(self) -> int:
        return len(self.valence)

    def at(self, frames: NDArray[np.int64]) -> "Behavior":
        """Return the truth of these frames, counted from 0."""
        return Behavior(**{name: getattr(self, name)[frames] for name in self.__slots__})


@dataclass(slots=True)
class _Script:
    """State that episodes accumulate while a video is generated."""

    times_s: NDArray[np.float64]
    shown: NDArray[np.float64]
    push: NDArray[np.float64]
    affect: NDArray[np.float64]
    """As `push`, of the expression's own place in valence and arousal."""
    strength: NDArray[np.float64]


def envelope(
    times_s: NDArray[np.float64],
    start_s: float,
    onset_s: float,
    apex_s: float,
    offset_s: float,
) -> NDArray[np.float64]:
    """Return 0 before `start_s`, 1 during the apex, 0 after the offset, smooth between."""
    up = smoothstep(start_s, start_s + onset_s, times_s)
    fall = start_s + onset_s + apex_s
    return up * (1 - smoothstep(fall, fall + offset_s, times_s))


def draw_behavior(
    seed: tuple[int, ...], num_frames: int, statistics: Statistics
) -> Behavior:
    """Return the behavior in a video of `num_frames` frames, determined by the seed."""
    rng = np.random.default_rng((*seed, 0xBE4A))
    times_s = np.arange(num_frames) / FPS
    script = _Script(
        times_s,
        np.zeros((num_frames, len(DRAWN))),
        np.zeros((num_frames, 2)),
        np.zeros((num_frames, 2)),
        np.zeros((num_frames, len(EXPRESSIONS))),
    )
    _write_episodes(rng, script, statistics)
    visible = _visibility(rng, num_frames, statistics)
    shown = script.shown * visible[:, None]
    strength = script.strength
    _move_freely(rng, times_s, shown, statistics)
    talking = _talk(rng, shown, statistics)
    _blink(rng, times_s, shown)
    for first, second, chance in TIED:
        if rng.random() < chance:
            part = shown[:, COLUMN[first]] * rng.uniform(0.45, 0.9)
            shown[:, COLUMN[second]] = np.maximum(shown[:, COLUMN[second]], part)
    sides = np.stack([shown, shown])
    if statistics.bursts:
        add_bursts(
            np.random.default_rng((*seed, 0xB025)), times_s, sides, statistics.bursts
        )
        talking = talking * keep_to_anatomy(sides)
    valence, arousal = _state(rng, script.push, talking)
    pose = move_head(rng, valence, arousal, talking)
    expression = np.where(strength.max(1) < LABEL_STRENGTH, 0, strength.argmax(1))
    strongest = strength[np.arange(num_frames), expression] * (expression > 0)
    face = np.clip(script.affect * np.minimum(visible, 1)[:, None], -1, 1)
    left, right = np.clip(sides, 0, 1).astype(np.float32)
    return Behavior(
        intensities=np.maximum(left, right),
        intensities_left=left,
        intensities_right=right,
        valence=valence.astype(np.float32),
        arousal=arousal.astype(np.float32),
        expression=expression.astype(np.int64),
        expression_strength=np.clip(strongest * visible, 0, 1).astype(np.float32),
        face_valence=face[:, 0].astype(np.float32),
        face_arousal=face[:, 1].astype(np.float32),
        pose=pose.astype(np.float32),
        gaze=move_eyes(rng, times_s, pose).astype(np.float32),
        talking=talking.astype(np.float32),
    )


def _write_episodes(
    rng: np.random.Generator, script: _Script, statistics: Statistics
) -> None:
    prior = np.array(statistics.episode_prior)
    mood = rng.dirichlet(prior / prior.sum() * statistics.mood_concentration + 1e-3)
    now, last = -2.0, script.times_s[-1] + 2
    while now < last:
        kind = int(rng.choice(len(EXPRESSIONS), p=mood))
        now += _write_episode(rng, script, now, kind, statistics)


def _write_episode(
    rng: np.random.Generator,
    script: _Script,
    now: float,
    kind: int,
    statistics: Statistics,
) -> float:
    """Write an episode and return the time until the next begins, in seconds."""
    name = EXPRESSIONS[kind]
    duration = float(np.clip(rng.lognormal(np.log(3.2), 0.6), 1.0, 15))
    onset, offset = rng.uniform(0.2, 0.9), rng.uniform(0.4, 1.6)
    apex = max(duration - onset, 0.1)
    weakest, a, b = statistics.episode_intensity
    intensity = weakest + (1 - weakest) * rng.beta(a, b)
    masked = name in NEGATIVE and rng.random() < statistics.masked
    shown = envelope(script.times_s, now, onset, apex, offset)
    chances = TAKES_PART[name]
    if statistics.has_variants:
        chances = VARIANTS[name][rng.integers(len(VARIANTS[name]))]
    parts = _typical_parts(rng, chances, statistics.typical)
    if masked:
        parts[12] = 1.0
    for number, chance in parts.items():
        if rng.random() >= chance:
            continue
        level = (
            intensity * rng.uniform(0.7, 1.2) * (0.5 if masked and number != 12 else 1.0)
        )
        own = envelope(
            script.times_s,
            now + rng.normal(0.0, 0.15),
            onset * rng.uniform(0.6, 1.5),
            apex * rng.uniform(0.7, 1.05),
            offset * rng.uniform(0.6, 1.5),
        )
        column = script.shown[:, COLUMN[number]]
        np.maximum(column, own * level, out=column)
    valence, arousal, spread = CENTERS[name]
    center = np.array([valence, arousal]) + rng.normal(0, spread, 2)
    script.push += (shown * intensity)[:, None] * center
    script.affect += (shown * intensity)[:, None] * AFFECT[name]
    seen = shown * (0.35 if name == "Neutral" else 0.15 + intensity)
    np.maximum(script.strength[:, kind], seen, out=script.strength[:, kind])
    return duration + 0.45 * offset


def _typical_parts(
    rng: np.random.Generator, chances: dict[int, float], least: float
) -> dict[int, float]:
    """Return the probability of each action unit in an episode."""
    if not least:
        return dict(chances)
    while True:
        drawn = {number: 1.0 for number, chance in chances.items() if rng.random() < chance}
        if sum(chances[number] for number in drawn) >= least * sum(chances.values()):
            return drawn


def _visibility(
    rng: np.random.Generator, num: int, statistics: Statistics
) -> NDArray[np.float64]:
    """Return the displayed share of an episode by frame, about 0.15 to 1.2."""
    flicker = 1 + 0.20 * wander(rng, num, 1 / FPS, 0.6)
    pause = 1 / (1 + np.exp(-6 * (wander(rng, num, 1 / FPS, 1.0) + rng.normal(0.6, 0.3))))
    if not statistics.pauses:
        return np.clip(flicker, 0.5, 1.25)
    return np.clip(flicker * (0.15 + 0.85 * pause), 0.1, 1.25)


def _move_freely(
    rng: np.random.Generator,
    times_s: NDArray[np.float64],
    shown: NDArray[np.float64],
    statistics: Statistics,
) -> None:
    for number, per_minute in statistics.free_per_minute.items():
        for _ in range(rng.poisson(per_minute * (times_s[-1] + 2) / 60)):
            start = rng.uniform(-2, times_s[-1])
            apex = rng.exponential(1.2)
            burst = envelope(times_s, start, rng.uniform(0.1, 0.4), apex, 0.4)
            column = shown[:, COLUMN[number]]
            np.maximum(column, burst * rng.uniform(0.3, 0.9), out=column)


def _talk(
    rng: np.random.Generator, shown: NDArray[np.float64], statistics: Statistics
) -> NDArray[np.float64]:
    num = len(shown)
    talkative = statistics.talking + 0.22 * rng.standard_normal()
    level = wander(rng, num, 1 / FPS, 1.6) + 2.2 * (talkative - 0.5)
    talking = 1 / (1 + np.exp(-8 * level))
    syllable = np.clip(0.5 * wander(rng, num, 1 / FPS, 0.07) + 0.35, 0, 1) * talking
    rounded = np.clip(wander(rng, num, 1 / FPS, 0.12) - 0.6, 0, 1) * talking
    for number, move in ((25, 1.4 * syllable), (26, 0.65 * syllable), (18, 0.6 * rounded)):
        column = shown[:, COLUMN[number]]
        np.maximum(column, np.clip(move, 0, 1), out=column)
    return talking


def _blink(
    rng: np.random.Generator, times_s: NDArray[np.float64], shown: NDArray[np.float64]
) -> None:
    column = shown[:, COLUMN[43]]
    now = rng.exponential(3.0)
    while now < times_s[-1] + 1:
        np.maximum(column, np.exp(-(((times_s - now) / 0.08) ** 2)), out=column)
        now += 0.4 + rng.exponential(3.2)


def _state(
    rng: np.random.Generator, push: NDArray[np.float64], talking: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    num = len(push)
    reach = int(6 * STATE_LAG_S * FPS)
    kernel = np.exp(-np.arange(reach) / (STATE_LAG_S * FPS))
    kernel /= kernel.sum()
    states = []
    for axis, speech in ((0, 0.0), (1, 0.15)):
        driven = push[:, axis] + speech * (talking - 0.4)
        padded = np.concatenate([np.full(reach - 1, driven[0]), driven])
        followed = np.convolve(padded, kernel, mode="valid")
        mood = rng.normal(0, 0.07) + wander(rng, num, 1 / FPS, 9.0, 0.09)
        states.append(np.clip(followed + mood, -1, 1))
    return states[0], states[1]
