"""Quantiles of Student's t distribution, without SciPy.

Source: Abramowitz and Stegun 1964, equations 26.7.3 and 26.7.4.
"""

from math import atan, cos, pi, sin, sqrt


def t_quantile(level: float, freedom: int) -> float:
    """Return the half width of the central interval of `level` in standard errors.

    Args:
        level: Probability between minus and plus the result, in (0, 1).
        freedom: Degrees of freedom, at least 1.
    """
    low, high = 0.0, 1.0
    while _central(high, freedom) < level:
        high *= 2.0
    for _ in range(80):
        middle = (low + high) / 2
        if _central(middle, freedom) < level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _central(t: float, freedom: int) -> float:
    """Return the probability between -t and t."""
    angle = atan(t / sqrt(freedom))
    square = cos(angle) ** 2
    is_odd = freedom % 2
    term = cos(angle) if is_odd else 1.0
    total = term if freedom > 1 else 0.0
    for number in range(2 + is_odd, freedom - 1, 2):
        term *= square * (number - 1) / number
        total += term
    if is_odd:
        return 2 / pi * (angle + sin(angle) * total)
    return sin(angle) * total
