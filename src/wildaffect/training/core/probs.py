"""Values and probabilities of raw outputs.

Symbols: B windows or crops, L rows of one window.
"""

from torch import Tensor

from wildaffect.core.tasks import SCALE_TASKS, LabelSpaces, Task


def to_probs(task: Task, raw: Tensor, spaces: LabelSpaces) -> Tensor:
    """Return clipped values or probabilities of a task, shape (B, L, columns).

    Those on scales are in their units.
    """
    clipped = clip_outputs(task, raw)
    if task not in SCALE_TASKS:
        return clipped
    space = spaces.scales(task)
    return clipped.new_tensor(space.middle) + clipped.new_tensor(space.half_range) * clipped


def clip_outputs(task: Task, raw: Tensor) -> Tensor:
    """Return the same with positions on scales, in [-1, 1]."""
    match task:
        case Task.VALENCE | Task.AROUSAL:
            return raw.float().clamp(-1, 1)[..., None]
        case Task.EXPRESSION:
            return raw.float().softmax(-1)
        case Task.ACTION_UNITS:
            return raw.float().sigmoid()
        case Task.DIMENSIONS | Task.INTENSITIES:
            return raw.float().clamp(-1, 1)
