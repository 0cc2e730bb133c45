"""Values and probabilities of raw outputs.

Symbols: B windows or crops, L rows of one window.
"""

from torch import Tensor

from wildaffect.core.tasks import Task


def to_probs(task: Task, raw: Tensor) -> Tensor:
    """Return clipped values or probabilities of a task, shape (B, L, columns)."""
    match task:
        case Task.VALENCE | Task.AROUSAL:
            return raw.float().clamp(-1, 1)[..., None]
        case Task.EXPRESSION:
            return raw.float().softmax(-1)
        case Task.ACTION_UNITS:
            return raw.float().sigmoid()
