"""Values and probabilities of raw outputs.

Symbols: B windows or crops, L rows of one window.
"""

from torch import Tensor

from wildaffect.core.tasks import LabelSpaces, Task


def to_probs(task: Task, raw: Tensor, spaces: LabelSpaces) -> Tensor:
    """Return clipped values or probabilities of a task, shape (B, L, columns).

    Those on scales are in their units.
    """
    match task:
        case Task.VALENCE | Task.AROUSAL:
            return raw.float().clamp(-1, 1)[..., None]
        case Task.EXPRESSION:
            return raw.float().softmax(-1)
        case Task.ACTION_UNITS:
            return raw.float().sigmoid()
        case Task.DIMENSIONS | Task.INTENSITIES:
            space = spaces.scales(task)
            middle, half_range = (
                raw.new_tensor(space.middle),
                raw.new_tensor(space.half_range),
            )
            return (middle + half_range * raw.clamp(-1, 1)).float()
