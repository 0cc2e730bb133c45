"""Limits on sizes and names in a manifest, which may be untrusted.

Ranges of single fields are in `manifest.py`; these limits apply to records of other layers
once they are part of an artifact.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from wildaffect.core.tasks import LabelSpace
from wildaffect.core.windows import AnyWindow, CausalWindow
from wildaffect.faces.blendshapes import NAMES
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.manifest import Manifest, NeutralPolicy
from wildaffect.inference.smoothing import reach_s

MAX_WINDOW_S = 600.0
MAX_OVERLAP = 100
"""Maximum number of windows that contain a row."""
MAX_FILLED_ROWS = 20_000
"""Maximum number of rows of left padding of a window."""
MAX_REACH_S = 600.0
"""Maximum reach of smoothing to either side; rows are buffered that long."""
TEMPERATURES = (0.01, 100.0)
MAX_BIAS = 50.0
MAX_LABELS = 256

_LABEL = re.compile(r"[^\W_][\w .+-]{0,59}")


class _Limit(NamedTuple):
    what: str
    value: float
    low: float
    high: float


def limit_problems(manifest: Manifest) -> Iterator[str]:
    """Yield the values of a manifest that exceed the limits."""
    limits = list(_calibration_limits(manifest.calibration))
    for window in {manifest.window_of(member) for member in manifest.members}:
        limits += _window_limits(window)
    if manifest.neutral:
        yield from _neutral_problems(manifest.neutral)
        limits += _neutral_limits(manifest.neutral)
    for limit in limits:
        if not limit.low <= limit.value <= limit.high:
            yield (
                f"{limit.what} must be in [{limit.low:g}, {limit.high:g}], "
                f"got {limit.value:g}"
            )
    for output in (manifest.expression, manifest.action_units):
        if output:
            yield from _label_problems(output.space)


def _window_limits(window: AnyWindow) -> Iterator[_Limit]:
    yield _Limit("window: length_s", window.length_s, 0.0, MAX_WINDOW_S)
    if isinstance(window, CausalWindow):
        if window.lead_step_s is not None:
            filled = window.length_s / window.lead_step_s
            yield _Limit("window: length_s / lead_step_s", filled, 1, MAX_FILLED_ROWS)
        return
    yield _Limit(
        "window: length_s / stride_s", window.length_s / window.stride_s, 1, MAX_OVERLAP
    )


def _calibration_limits(calibration: Calibration) -> Iterator[_Limit]:
    for name in ("expression_temperature", "action_units_temperature"):
        yield _Limit(f"calibration: {name}", getattr(calibration, name), *TEMPERATURES)
    for bias in calibration.expression_bias:
        yield _Limit("calibration: expression_bias", bias, -MAX_BIAS, MAX_BIAS)
    for task in ("valence", "arousal", "expression", "action_units"):
        kind = getattr(calibration.smoothing, task)
        if kind:
            reach = max(reach_s(kind))
            yield _Limit(f"smoothing of {task}: reach in s", reach, 0.0, MAX_REACH_S)


def _neutral_limits(neutral: NeutralPolicy) -> Iterator[_Limit]:
    for name, limit in neutral.calm_limits.items():
        yield _Limit(f"neutral: calm_limits of {name}", limit, 0.001, 1.0)
    for name, score in neutral.population.items():
        yield _Limit(f"neutral: population of {name}", score, 0.0, 1.0)


def _neutral_problems(neutral: NeutralPolicy) -> Iterator[str]:
    if not neutral.calm_limits:
        yield "neutral: calm_limits must name a blendshape at least, got none"
    for name in (*neutral.calm_limits, *neutral.population):
        if name not in NAMES:
            yield f"neutral: {name!r} must be a blendshape of the face chain's"


def _label_problems(space: LabelSpace) -> Iterator[str]:
    if len(space) > MAX_LABELS:
        yield f"{space.name}: labels must be at most {MAX_LABELS}, got {len(space)}"
    for label in space.labels:
        if not _LABEL.fullmatch(label):
            yield (
                f"{space.name}: a label names columns and must be up to 60 letters, "
                f"digits, spaces and _.+-, a letter or digit first, got {label[:80]!r}"
            )
