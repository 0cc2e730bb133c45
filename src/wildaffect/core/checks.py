"""Checks of the numbers in records."""

from math import isinf


def check_numbers(where: str, interval: str, /, **values: float) -> None:
    """Raise an error for the first value that is not in an interval.

    Args:
        where: Name of the record in the message.
        interval: Interval in the notation of mathematics, such as `[0, 1)` or `(0, inf)`.
        **values: Values by the name of their field.

    Raises:
        ValueError: If a value is outside the interval, or no number.
    """
    low, high = (float(end) for end in interval[1:-1].split(","))
    for name, value in values.items():
        is_above = value > low if interval[0] == "(" else value >= low
        is_below = value < high if interval[-1] == ")" else value <= high
        if not (is_above and is_below):
            raise ValueError(f"{where}: {name} must be {_rule(interval)}, got {value}")


def _rule(interval: str) -> str:
    low, high = interval[1:-1].split(", ")
    if not isinf(float(high)):
        return f"in {interval}"
    return f"above {low}" if interval[0] == "(" else f"at least {low}"
