"""What fusion of face and voice adds, where the information of the voice is known.

    python benchmarks/fusion.py --seeds 55 57 --epochs 16 --trainings 3 --fusions late
    python benchmarks/fusion.py --people 40 20 --seeds 51 --epochs 2    # for a look

The face is the exact action units of every annotated frame, joined with a voice at 10 Hz
that tells 30 % of the variance of valence and 50 % of that of arousal, or nothing. A small
GRU of the modern recipe learns valence and arousal from one or both and is scored on other
people by the mean CCC. Beside it the same from linear models, the reference for what the
voice should add. A seed is a world, in which every model is trained several times.
Intervals: 95 % of 1,000 resamples of the test videos and of the trainings of each world.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch
from ceilings import linear, true_inputs  # beside this file
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.joins import Linear
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.data.stored_sequences import FeatureQuery, load_sequences
from wildaffect.features.records import NO_DIGEST, FeatureTable, Provenance
from wildaffect.features.store import FeatureStore
from wildaffect.features.world_voice import write_voice
from wildaffect.inference.calibration import Calibration
from wildaffect.metrics.scores import VideoStatistics
from wildaffect.models.fusion.config import (
    Concatenation,
    CrossAttention,
    FusionConfig,
    Gated,
    Late,
)
from wildaffect.models.temporal.config import GRUConfig
from wildaffect.recipes.modern import modern
from wildaffect.synth.motion import FPS
from wildaffect.synth.plan import PlannedVideo, annotations_of, plan_world
from wildaffect.synth.presets import Preset
from wildaffect.synth.voice import Voice
from wildaffect.training.core.checkpoint import load_weights
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.recipe import KeepLast
from wildaffect.training.core.runs import Run
from wildaffect.training.core.trainer import Trainer
from wildaffect.training.temporal.objective import TemporalObjective
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.score import video_statistics

FUSIONS: dict[str, FusionConfig] = {
    "concatenation": Concatenation(),
    "gated": Gated(),
    "cross-attention": CrossAttention(),
    "late": Late(),
}
VOICES = {"voice": Voice(), "noise": Voice(valence=0.0, arousal=0.0)}
VOICE_WIDTH = 8
NUM_RESAMPLES = 1000


class Split(NamedTuple):
    """Sequences of one pair of inputs."""

    train: list[FrameSequence]
    test: list[FrameSequence]


def main() -> None:
    """Print what each fusion adds, and what a missing voice costs it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs=2, default=[120, 100])
    parser.add_argument("--seeds", type=int, nargs="+", default=[51, 52])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--trainings", type=int, default=1, help="of each model and world")
    parser.add_argument("--fusions", choices=FUSIONS, nargs="+", default=list(FUSIONS))
    args = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, list[list[VideoStatistics]]] = {}
    references: dict[str, list[float]] = {}
    for seed in args.seeds:
        of_world: dict[str, list[VideoStatistics]] = {}
        for name, statistics in models_of(*args.people, seed, args):
            of_world.setdefault(name, []).append(statistics)
            print(f"seed {seed}, {name}: {ccc(statistics.pooled()):.3f}", file=sys.stderr)
        for name, trainings in of_world.items():
            found.setdefault(name, []).append(trainings)
        for name, score in linear_models(*args.people, seed).items():
            references.setdefault(name, []).append(score)
    print_table(found, {name: float(np.mean(each)) for name, each in references.items()})


def models_of(  # type: ignore[no-untyped-def]
    num_train: int, num_test: int, seed: int, args: argparse.Namespace
):
    """Yield the name of each training with its statistics on the test videos."""
    videos, labels, units = world(num_train + num_test, seed)
    with TemporaryDirectory(prefix="wildaffect-") as folder:
        store = FeatureStore(Path(folder))
        write_units(store, videos, labels, units)
        for name, voice in VOICES.items():
            write_voice(store, videos, voice, feature_set=name)

        def read(*sets: str) -> Split:
            query = FeatureQuery(
                feature_sets=sets,
                joins={name: Linear(max_gap_s=0.2) for name in VOICES},
            )
            every = list(load_sequences(labels, store, query))
            return Split(every[:num_train], every[num_train:])

        for training in range(args.trainings):
            recipe = small(seed + 1000 * training, args.epochs)
            for name in ("units", "voice"):
                split = read(name)
                yield name, statistics_of(learned(recipe, split.train), split.test)
            for voice in VOICES:
                split = read("units", voice)
                silent = [without(sequence, VOICE_WIDTH) for sequence in split.test]
                for name in args.fusions:
                    fused = replace(recipe.model, fusion=FUSIONS[name])
                    model = learned(replace(recipe, model=fused), split.train)
                    yield f"{name}, {voice}", statistics_of(model, split.test)
                    yield f"{name}, {voice} missing", statistics_of(model, silent)


def world(
    num_people: int, seed: int
) -> tuple[list[PlannedVideo], Annotations, NDArray[np.floating]]:
    """Return videos, their labels, and the true action units of every annotated frame."""
    preset = Preset(
        name="bench", people={"train": num_people}, videos_per_person=1,
        rows_per_video=100, size_px=64, statistics="wild",
    )  # fmt: skip
    videos = plan_world(preset, seed=seed, statistics="wild", size_px=64)
    labels = annotations_of(videos, source="wild", with_repeats=False)
    return videos, labels, true_inputs(videos)[0]


def write_units(
    store: FeatureStore,
    videos: Sequence[PlannedVideo],
    labels: Annotations,
    units: NDArray[np.floating],
) -> None:
    """Store the true action units of the annotated frames as the feature set `units`."""
    for place, video in enumerate(videos):
        rows = labels.video_index == place
        numbers = labels.frame_number[rows]
        store.write(
            FeatureTable(
                feature_set="units",
                video=video.name,
                track="0",
                columns=tuple(f"c{column}" for column in range(units.shape[1])),
                frame_number=numbers,
                time_s=(numbers - 1) / FPS,
                provenance=Provenance(
                    content_sha256=NO_DIGEST,
                    preprocess_sha256=NO_DIGEST,
                    weights_sha256=NO_DIGEST,
                ),
                numbering="named",
                values=units[rows].astype(np.float32),
            ),
            "float32",
        )


def small(seed: int, num_epochs: int) -> TemporalRecipe:
    """Return the modern recipe for valence and arousal, with fewer units.

    It keeps the last epoch: one selected by the score with both sets is early for one.
    """
    encoder = GRUConfig(hidden_dim=32, num_layers=1, dropout=0.3, bidirectional=True)
    recipe = modern()
    tasks = (Task.VALENCE, Task.AROUSAL)
    model = replace(recipe.model, encoder=encoder, tasks=tasks)
    return replace(
        recipe, seed=seed, model=model, num_epochs=num_epochs, selection=KeepLast()
    )


def learned(recipe: TemporalRecipe, train: list[FrameSequence]) -> Trainer:
    """Train a recipe and return its trainer, with the weights of the selected epoch."""
    with TemporaryDirectory(prefix="wildaffect-") as folder:
        run = Run(Path(folder))
        fabric = launch("cpu", recipe.precision)
        objective = TemporalObjective(recipe, train, fabric=fabric, spaces=LabelSpaces())
        trainer = Trainer(recipe, objective, run, fabric=fabric)
        trainer.run()
        trainer.model.load_state_dict(load_weights(run.weights))
    return trainer


def statistics_of(trainer: Trainer, test: list[FrameSequence]) -> VideoStatistics:
    """Return the statistics of a model on each test video."""
    outputs = predict_sequences(trainer.model, test, modern().window)
    return video_statistics(test, outputs, Calibration(), LabelSpaces())


def without(sequence: FrameSequence, width: int) -> FrameSequence:
    """Return a sequence in which the last set is absent."""
    features = sequence.features.copy()
    features[sequence.has_feature, -width:] = np.nan
    return replace(sequence, features=features)


def linear_models(num_train: int, num_test: int, seed: int) -> dict[str, float]:
    """Return the mean CCC of linear models of one frame: units, voice, both."""
    videos, labels, units = world(num_train + num_test, seed)
    is_train = labels.video_index < num_train
    parts = {"units": units}
    with TemporaryDirectory(prefix="wildaffect-") as folder:
        store = FeatureStore(Path(folder))
        for name, voice in VOICES.items():
            write_voice(store, videos, voice, feature_set=name)
            query = FeatureQuery(feature_sets=(name,), joins={name: Linear(max_gap_s=0.2)})
            sequences = load_sequences(labels, store, query)
            rows = [each.features[each.sequence_row] for each in sequences]
            parts[name] = np.nan_to_num(np.concatenate(rows))
    inputs = parts | {
        f"units and {name}": np.column_stack([units, parts[name]]) for name in VOICES
    }
    return {
        name: float(np.mean(linear(values, labels, is_train)[:2]))
        for name, values in inputs.items()
    }


def ccc(scores):  # type: ignore[no-untyped-def]
    """Return the mean CCC of valence and arousal."""
    return (attrgetter("ccc_valence")(scores) + attrgetter("ccc_arousal")(scores)) / 2


def print_table(
    found: dict[str, list[list[VideoStatistics]]], references: dict[str, float]
) -> None:
    """Print the score of each model, and how far it lies above a single set.

    With a voice that tells something that is the better single set, else the face.
    """
    means = {
        name: np.mean([ccc(each.pooled()) for world in of for each in world])
        for name, of in found.items()
    }
    best = max(("units", "voice"), key=means.__getitem__)
    print("| model | mean CCC | above | by | 95 % |\n|---|---|---|---|---|")
    for name, of in found.items():
        single = best if name.endswith(", voice") else "units"
        if name == single:
            print(f"| {name} | {means[name]:.3f} | | | |")
            continue
        low, high = interval(of, found[single])
        difference = f"{means[name] - means[single]:+.3f}"
        cells = (name, f"{means[name]:.3f}", single, difference)
        print(f"| {' | '.join(cells)} | {low:+.3f} to {high:+.3f} |")
    for name, score in references.items():
        print(f"| linear, {name} | {score:.3f} | | | |")


def interval(
    ours: list[list[VideoStatistics]], theirs: list[list[VideoStatistics]]
) -> tuple[float, float]:
    """Return the interval of the mean difference over worlds.

    Both models have the same resamples of videos, and each its own of its trainings.
    """
    rng = np.random.default_rng(0)
    drawn = []
    for one, other in zip(ours, theirs, strict=True):
        num = len(one[0])
        weights = rng.multinomial(num, np.full(num, 1 / num), NUM_RESAMPLES)
        drawn.append(of_trainings(one, weights, rng) - of_trainings(other, weights, rng))
    low, high = np.quantile(np.mean(drawn, axis=0), [0.025, 0.975])
    return float(low), float(high)


def of_trainings(
    trainings: list[VideoStatistics],
    weights: NDArray[np.integer],
    rng: np.random.Generator,
) -> NDArray[np.floating]:
    """Return the mean CCC of resampled trainings on each resample of the videos."""
    num = len(trainings)
    chosen = rng.multinomial(num, np.full(num, 1 / num), len(weights)) / num
    scores = np.stack([ccc(each.pooled(weights)) for each in trainings], axis=1)
    return np.asarray((chosen * scores).sum(1))


if __name__ == "__main__":
    main()
