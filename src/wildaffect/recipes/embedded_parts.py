"""Training of the embedded models' networks on a generated data set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from wildaffect.calibration.thresholds import ThresholdSweep, fit_thresholds
from wildaffect.core.errors import MissingData
from wildaffect.core.tasks import EXTENDED_ACTION_UNIT_NAMES
from wildaffect.export.members import FaceMember, member_onnx
from wildaffect.export.onnx import check_parity, to_onnx
from wildaffect.features.geometry import mirrored_columns
from wildaffect.features.store import FeatureStore
from wildaffect.formats.generated import find_generated
from wildaffect.inference.inputs import COLUMNS, UNIT_INPUTS
from wildaffect.inference.manifest import DataSource, NeutralPolicy
from wildaffect.inference.neutral import DEFAULT_POLICY
from wildaffect.models.face_units import Asymmetry, FaceUnits, Prototypes
from wildaffect.recipes.default import default
from wildaffect.synth.facs import COLUMN
from wildaffect.synth.prototypes import CENTERS, EXPRESSIONS, VARIANTS
from wildaffect.synth.statistics import WILD_EXPRESSION_SHARES
from wildaffect.training.generated.exact_rows import (
    ExactRows,
    face_at_rest,
    read_exact_rows,
    rows_against,
)
from wildaffect.training.generated.face_units import (
    FaceUnitsRecipe,
    UnitTargets,
    fit_asymmetry,
    train_face_units,
)
from wildaffect.training.temporal.job import TemporalJob, train_run
from wildaffect.training.temporal.load import load_split

UNITS = tuple(EXTENDED_ACTION_UNIT_NAMES)
"""FACS numbers of the predicted action units."""
READ_BY_PROTOTYPES = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 25, 26, 43)
"""Action units that are reliable enough on real faces to derive expressions from."""
OTHER_FORMS: tuple[dict[int, float], ...] = ({14: 1.0}, {18: 1.0})
"""Movements that belong to no expression: dimpled and puckered lips."""
LEAST_CHANCE, MOST_CHANCE = 0.15, 0.95
"""Limits of the probabilities: a single misread unit must not decide."""
PRIOR_STRENGTH = 0.5
"""Exponent of the class prior: 0 for equal classes, 1 for the frequencies of
s-Aff-Wild2."""
PRESENT_FROM, SLOPE, SHARPNESS = (0.1, 0.33), 8.0, (0.5, 1.5)
"""See `Prototypes`; selected on labeled photographs and on videos of talking faces."""
SMILE = ("mouthSmileLeft", "mouthSmileRight")
SMILE_WEIGHT = 0.3
"""Weight of the smile scores of the blendshape network in valence."""
TEMPORAL_SEEDS = (0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Parts of the artifacts; networks as ONNX."""

    neutral: NeutralPolicy
    face: bytes
    """Frame-wise network."""
    temporal: tuple[bytes, ...]
    rate_hz: float
    """Rows per second in training of the temporal members."""
    thresholds: tuple[float, ...]
    """Threshold of each of `UNITS`."""
    world: DataSource


def train_parts(world: Path, runs: Path) -> Parts:
    """Train the networks; finished runs of temporal members are reused.

    Args:
        world: Generated data set with features and exact ground truth.
        runs: Folder of the temporal members.

    Raises:
        MissingData: If the folder contains no such data set.
    """
    source = _source_of(world)
    rows = read_exact_rows(world, "train")
    neutral = replace(DEFAULT_POLICY, population_geometry=face_at_rest(rows))
    units, asymmetry = _train_units(rows, neutral)
    temporal = [_train_temporal(world, runs, neutral, seed) for seed in TEMPORAL_SEEDS]
    read = [UNITS.index(number) for number in READ_BY_PROTOTYPES]
    places = torch.tensor([CENTERS[name][:2] for name in EXPRESSIONS])
    return Parts(
        neutral=neutral,
        face=member_onnx(
            FaceMember(
                units,
                asymmetry,
                prototypes(),
                read=read,
                places=places,
                smile=smile_columns(),
                smile_weight=SMILE_WEIGHT,
            ),
            len(_columns()) + len(COLUMNS["blendshapes"]),
        ),
        temporal=tuple(content for content, _ in temporal),
        rate_hz=temporal[0][1],
        thresholds=_thresholds(units, read_exact_rows(world, "val"), neutral),
        world=source,
    )


def prototypes() -> Prototypes:
    """Return the classifier of expressions from the units in `READ_BY_PROTOTYPES`."""
    shares = np.array(WILD_EXPRESSION_SHARES)
    other = EXPRESSIONS.index("Other")
    shares[other] = np.delete(shares, other).mean()  # instead of the largest class
    forms, expression_of = [], []
    for label, name in enumerate(EXPRESSIONS):
        for form in OTHER_FORMS if name == "Other" else VARIANTS[name]:
            chances = [form.get(number, LEAST_CHANCE) for number in READ_BY_PROTOTYPES]
            forms.append(np.clip(chances, LEAST_CHANCE, MOST_CHANCE).tolist())
            expression_of.append(label)
    return Prototypes(
        forms,
        expression_of,
        (PRIOR_STRENGTH * np.log(shares)).tolist(),
        present_from=PRESENT_FROM,
        slope=SLOPE,
        sharpness=SHARPNESS,
    )


def smile_columns() -> list[int]:
    """Return the columns of the smile scores among the inputs of the face member."""
    return [len(_columns()) + COLUMNS["blendshapes"].index(name) for name in SMILE]


def _columns() -> tuple[str, ...]:
    return tuple(name for kind in UNIT_INPUTS for name in COLUMNS[kind])


def _train_units(rows: ExactRows, neutral: NeutralPolicy) -> tuple[FaceUnits, Asymmetry]:
    affect = np.stack([rows.truth["face_valence"], rows.truth["face_arousal"]], axis=1)
    targets = UnitTargets(
        left=_twice(_of_units(rows, "intensities_left")),
        right=_twice(_of_units(rows, "intensities_right")),
        affect=_twice(affect.astype(np.float32)),
    )
    mirror = mirrored_columns(_columns())
    measures = _known_and_unknown(rows, neutral)
    *_, (_, network) = train_face_units(measures, targets, mirror, FaceUnitsRecipe())
    return network.eval(), fit_asymmetry(measures, targets, network)


def _train_temporal(
    world: Path, runs: Path, neutral: NeutralPolicy, seed: int
) -> tuple[bytes, float]:
    """Return a temporal member as ONNX, and its rows per second."""
    recipe = replace(default(), neutral=neutral, seed=seed)
    folder = runs / f"{recipe.name}-{seed}"
    torch.set_num_threads(1)
    store = FeatureStore(world / "features")
    job = TemporalJob(recipe=recipe, store=store, data_license=_source_of(world).license)
    trained = train_run(job, load_split(world, store, recipe, "train"), folder)
    content = to_onnx(trained.model)
    check_parity(trained.model, content)
    return content, float(f"{trained.data.rate_hz:.6g}")


def _thresholds(
    units: FaceUnits, rows: ExactRows, neutral: NeutralPolicy
) -> tuple[float, ...]:
    """Return the threshold of each unit at the base rates of the data set.

    Fitted on held-out people, relative to their own neutral face and to the population's.
    """
    is_present = _of_units(rows, "intensities") >= FaceUnitsRecipe().present_from
    with torch.no_grad():
        logits = units(torch.tensor(_known_and_unknown(rows, neutral))).logits
    target = _twice(is_present.astype(np.int8))
    return fit_thresholds(
        logits.sigmoid().numpy(),
        target,
        np.ones_like(target, bool),
        _twice(rows.person),
        sweep=ThresholdSweep(),
    )


def _known_and_unknown(rows: ExactRows, neutral: NeutralPolicy) -> np.ndarray:
    """Return every row relative to the own neutral face, then to the population's."""
    both = [rows_against(rows, neutral, own_neutral=known) for known in (True, False)]
    return np.concatenate(both)


def _twice(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values, values])


def _of_units(rows: ExactRows, name: str) -> np.ndarray:
    """Return intensities of `UNITS`, shape (N, K)."""
    columns: Sequence[int] = [COLUMN[number] for number in UNITS]
    return np.asarray(rows.truth[name], np.float32)[:, columns]


def _source_of(world: Path) -> DataSource:
    found = find_generated(world)
    if found is None:
        raise MissingData(f"{world}: no generated data set; run `wildaffect synth make`")
    return DataSource(name=f"{found.name}, train", license=found.license)
