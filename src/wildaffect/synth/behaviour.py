"""What a person does and how it comes across, frame by frame: the exact truth.

Valence and arousal follow a state that outlasts the face: episodes push it, a slow mood
carries it, and the face shows it with pauses, masks and movement that means nothing. One
frame therefore tells less than the seconds around it. Symbols: T video frames.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.facs import COLUMN, DRAWN
from wildaffect.synth.noise import smoothstep, wander
from wildaffect.synth.prototypes import (
    CENTRES,
    EXPRESSIONS,
    LABEL_STRENGTH,
    TAKES_PART,
    TIED,
)
from wildaffect.synth.statistics import Statistics

FPS = 30.0
"""Rate of every generated video."""
STATE_LAG_S = 1.6
"""How slowly the perceived state follows an episode."""
MAX_GAZE = 0.40
"""Radians that eyes turn in the head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One video's latent truth at `FPS`."""

    intensities: NDArray[np.float32]
    """Of `facs.DRAWN`, in [0, 1], shape (T, 21)."""
    valence: NDArray[np.float32]
    """In [-1, 1], shape (T,)."""
    arousal: NDArray[np.float32]
    """In [-1, 1], shape (T,)."""
    expression: NDArray[np.int64]
    """Class of the shown expression, shape (T,)."""
    pose: NDArray[np.float32]
    """Yaw, pitch, roll as in `core.faces.HeadPose` but in radians, shape (T, 3)."""
    gaze: NDArray[np.float32]
    """Turn of the eyes in the head to the subject's left and up, radians, (T, 2)."""
    talking: NDArray[np.float32]
    """In [0, 1], shape (T,)."""

    def __len__(self) -> int:
        return len(self.valence)

    def at(self, frames: NDArray[np.int64]) -> "Behaviour":
        """Return the truth of these frames, counted from 0."""
        return Behaviour(**{name: getattr(self, name)[frames] for name in self.__slots__})


@dataclass(slots=True)
class _Script:
    """What episodes leave behind while a video is written."""

    times_s: NDArray[np.float64]
    shown: NDArray[np.float64]
    push: NDArray[np.float64]
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


def draw_behaviour(
    seed: tuple[int, ...], num_frames: int, statistics: Statistics
) -> Behaviour:
    """Return what happens in a video of `num_frames` frames; the seed decides all of it."""
    rng = np.random.default_rng((*seed, 0xBE4A))
    times_s = np.arange(num_frames) / FPS
    script = _Script(
        times_s,
        np.zeros((num_frames, len(DRAWN))),
        np.zeros((num_frames, 2)),
        np.zeros((num_frames, len(EXPRESSIONS))),
    )
    _write_episodes(rng, script, statistics)
    shown = script.shown * _visibility(rng, num_frames)[:, None]
    strength = script.strength
    _move_freely(rng, times_s, shown, statistics)
    talking = _talk(rng, shown, statistics)
    _blink(rng, times_s, shown)
    for first, second, chance in TIED:
        if rng.random() < chance:
            part = shown[:, COLUMN[first]] * rng.uniform(0.45, 0.9)
            shown[:, COLUMN[second]] = np.maximum(shown[:, COLUMN[second]], part)
    valence, arousal = _state(rng, script.push, talking)
    pose = _head(rng, valence, arousal, talking)
    expression = np.where(strength.max(1) < LABEL_STRENGTH, 0, strength.argmax(1))
    return Behaviour(
        intensities=np.clip(shown, 0, 1).astype(np.float32),
        valence=valence.astype(np.float32),
        arousal=arousal.astype(np.float32),
        expression=expression.astype(np.int64),
        pose=pose.astype(np.float32),
        gaze=_gaze(rng, times_s, pose).astype(np.float32),
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
        now += _write_episode(rng, script, now, kind)


def _write_episode(
    rng: np.random.Generator, script: _Script, now: float, kind: int
) -> float:
    """Write one episode and return how long until the next begins, in seconds."""
    name = EXPRESSIONS[kind]
    duration = float(np.clip(rng.lognormal(np.log(3.2), 0.6), 1.0, 15))
    onset, offset = rng.uniform(0.2, 0.9), rng.uniform(0.4, 1.6)
    apex = max(duration - onset, 0.1)
    intensity = 0.25 + 0.75 * rng.beta(2.0, 1.8)
    masked = name in {"Anger", "Disgust", "Fear", "Sadness"} and rng.random() < 0.15
    shown = envelope(script.times_s, now, onset, apex, offset)
    parts = dict(TAKES_PART[name])
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
    valence, arousal, spread = CENTRES[name]
    centre = np.array([valence, arousal]) + rng.normal(0, spread, 2)
    script.push += (shown * intensity)[:, None] * centre
    seen = shown * (0.35 if name == "Neutral" else 0.15 + intensity)
    np.maximum(script.strength[:, kind], seen, out=script.strength[:, kind])
    return duration + 0.45 * offset


def _visibility(rng: np.random.Generator, num: int) -> NDArray[np.float64]:
    """Return how much of an episode the face shows now, about 0.15 to 1.2."""
    flicker = 1 + 0.20 * wander(rng, num, 1 / FPS, 0.6)
    pause = 1 / (1 + np.exp(-6 * (wander(rng, num, 1 / FPS, 1.0) + rng.normal(0.6, 0.3))))
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


def _head(
    rng: np.random.Generator,
    valence: NDArray[np.float64],
    arousal: NDArray[np.float64],
    talking: NDArray[np.float64],
) -> NDArray[np.float64]:
    num, step = len(valence), 1 / FPS
    lively = 0.75 + 0.5 * np.clip(arousal, 0, 1)
    yaw = rng.normal(0, 0.20) + lively * wander(rng, num, step, 1.8, 0.20)
    pitch = rng.normal(-0.02, 0.08) + lively * wander(rng, num, step, 1.6, 0.09)
    roll = rng.normal(0, 0.04) + lively * wander(rng, num, step, 2.2, 0.06)
    pitch = pitch + 0.05 * arousal + 0.07 * np.minimum(valence, 0)
    pitch = pitch + 0.03 * talking * wander(rng, num, step, 0.25)
    return np.stack([np.clip(yaw, -0.85, 0.85), np.clip(pitch, -0.5, 0.5), roll], 1)


def _gaze(
    rng: np.random.Generator, times_s: NDArray[np.float64], pose: NDArray[np.float64]
) -> NDArray[np.float64]:
    num = len(times_s)
    averted = rng.uniform(0.08, 0.22)
    fixations = np.cumsum(rng.exponential(0.9, int(times_s[-1] / 0.45) + 8) + 0.15)
    which = np.searchsorted(fixations, times_s)
    goals = rng.standard_normal((len(fixations) + 1, 2)) * [averted, 0.5 * averted]
    goals[rng.random(len(goals)) < 0.45] *= 0.15
    tremor = np.stack([wander(rng, num, 1 / FPS, 0.1, 0.008) for _ in range(2)], 1)
    gaze = goals[which] + tremor - 0.55 * pose[:, :2]
    return np.clip(gaze, -MAX_GAZE, MAX_GAZE)
