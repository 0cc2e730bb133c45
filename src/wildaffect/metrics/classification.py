"""F1 of expressions and action units over fixed labels.

Every label of the space counts in the mean, whether it occurs or not: a class that is never
annotated and never predicted has an F1 of 0, as has any F1 that is 0/0. (A mean over the
classes that happen to occur is another, higher number.)

Symbols: N frames, C classes, K action units, G groups; leading axes of counts are free.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wildaffect.metrics.moments import Floats

OUTSIDE = -1
"""Predicted class that the label space lacks: wrong for the class that was annotated, and
a false alarm for none."""


def class_f1(
    target: ArrayLike, pred: ArrayLike, valid: ArrayLike | None = None, *, num_classes: int
) -> Floats:
    """Return the F1 of each class, shape (C,), each in [0, 1]; 0 where undefined.

    Args:
        target: Class numbers in [0, C), shape (N,).
        pred: Class numbers in [0, C), or `OUTSIDE`, shape (N,).
        valid: Frames to use, all if not given; what others hold is never read.
        num_classes: C.

    Raises:
        ValueError: If shapes differ or a valid frame holds no class number.
    """
    return f1_of_confusion(group_confusion(target, pred, valid, num_classes=num_classes)[0])


def macro_f1(
    target: ArrayLike, pred: ArrayLike, valid: ArrayLike | None = None, *, num_classes: int
) -> float:
    """Return the mean F1 over all C classes; arguments and errors as of `class_f1`."""
    return float(class_f1(target, pred, valid, num_classes=num_classes).mean())


def unit_f1(target: ArrayLike, pred: ArrayLike, valid: ArrayLike | None = None) -> Floats:
    """Return the F1 of each action unit, shape (K,), each in [0, 1]; 0 where undefined.

    Args:
        target: Occurrence 0 or 1, shape (N, K).
        pred: Decision 0 or 1, shape (N, K).
        valid: Values to use, all if not given, shape (N, K) or (N,) for whole frames.

    Raises:
        ValueError: If shapes differ or a valid value is neither 0 nor 1.
    """
    return f1_of_units(group_units(target, pred, valid)[0])


def mean_unit_f1(
    target: ArrayLike, pred: ArrayLike, valid: ArrayLike | None = None
) -> float:
    """Return the mean F1 over all K units; arguments and errors as of `unit_f1`."""
    return float(unit_f1(target, pred, valid).mean())


def group_confusion(
    target: ArrayLike,
    pred: ArrayLike,
    valid: ArrayLike | None = None,
    *,
    num_classes: int,
    groups: NDArray[np.int64] | None = None,
    num_groups: int = 1,
) -> NDArray[np.int64]:
    """Return frames by annotated and predicted class, shape (G, C, C + 1).

    The last column counts predictions `OUTSIDE` the label space. Arguments and errors as
    of `class_f1`, groups as of `wildaffect.metrics.moments.group_moments`.
    """
    t, p = np.asarray(target), np.asarray(pred)
    mask = np.ones(t.shape, bool) if valid is None else np.asarray(valid, bool)
    _check_shapes(t, p, mask, num_axes=1)
    index = np.zeros(len(t), np.int64) if groups is None else groups
    t_int = _whole(t[mask], "target", 0, num_classes - 1)
    p_int = _whole(p[mask], "pred", OUTSIDE, num_classes - 1)
    column = np.where(p_int == OUTSIDE, num_classes, p_int)
    cells = num_classes * (num_classes + 1)
    flat = index[mask] * cells + t_int * (num_classes + 1) + column
    counts = np.bincount(flat, minlength=num_groups * cells)
    return counts.reshape(num_groups, num_classes, num_classes + 1)


def group_units(
    target: ArrayLike,
    pred: ArrayLike,
    valid: ArrayLike | None = None,
    *,
    groups: NDArray[np.int64] | None = None,
    num_groups: int = 1,
) -> NDArray[np.int64]:
    """Return frames by unit, annotated and predicted occurrence, shape (G, K, 2, 2).

    Arguments and errors as of `unit_f1`, groups as of
    `wildaffect.metrics.moments.group_moments`.
    """
    t, p = np.asarray(target), np.asarray(pred)
    mask = np.ones(t.shape, bool) if valid is None else np.asarray(valid, bool)
    if mask.ndim == 1 and t.ndim == 2 and len(mask) == len(t):
        mask = np.broadcast_to(mask[:, None], t.shape)
    _check_shapes(t, p, mask, num_axes=2)
    index = np.zeros(len(t), np.int64) if groups is None else groups
    frame, unit = np.nonzero(mask)
    t_int, p_int = _whole(t[mask], "target", 0, 1), _whole(p[mask], "pred", 0, 1)
    num_units = t.shape[1]
    flat = (index[frame] * num_units + unit) * 4 + t_int * 2 + p_int
    counts = np.bincount(flat, minlength=num_groups * num_units * 4)
    return counts.reshape(num_groups, num_units, 2, 2)


def f1_of_confusion(confusion: NDArray[np.number]) -> Floats:
    """Return the F1 of each class from counts (..., C, C + 1), shape (..., C)."""
    square = confusion[..., :-1]
    hits = np.diagonal(square, axis1=-2, axis2=-1)
    return _f1(hits, square.sum(axis=-2), confusion.sum(axis=-1))


def f1_of_units(counts: NDArray[np.number]) -> Floats:
    """Return the F1 of each unit from counts (..., K, 2, 2), shape (..., K)."""
    hits = counts[..., 1, 1]
    return _f1(hits, counts[..., :, 1].sum(axis=-1), counts[..., 1, :].sum(axis=-1))


def _f1(
    hits: NDArray[np.number], predicted: NDArray[np.number], actual: NDArray[np.number]
) -> Floats:
    below = (predicted + actual).astype(np.float64)
    return np.divide(2 * hits, below, out=np.zeros_like(below), where=below > 0)


def _check_shapes(
    target: NDArray[np.generic],
    pred: NDArray[np.generic],
    valid: NDArray[np.bool_],
    *,
    num_axes: int,
) -> None:
    if target.ndim != num_axes:
        wanted = "(N,)" if num_axes == 1 else "(N, K)"
        raise ValueError(f"target must have shape {wanted}, got {target.shape}")
    for name, shape in (("pred", pred.shape), ("valid", valid.shape)):
        if shape != target.shape:
            raise ValueError(f"{name} must have shape {target.shape}, got {shape}")


def _whole(
    values: NDArray[np.generic], name: str, low: int, high: int
) -> NDArray[np.int64]:
    numbers = values.astype(np.float64)
    wrong = ~((numbers >= low) & (numbers <= high) & (numbers == np.floor(numbers)))
    if wrong.any():
        raise ValueError(
            f"{name} must be a whole number in [{low}, {high}] where valid, got "
            f"{numbers[wrong][0]:g}"
        )
    return numbers.astype(np.int64)
