import pytest

from wildaffect.core.checks import check_numbers


@pytest.mark.parametrize(
    ("interval", "inside", "outside", "rule"),
    [
        ("[0, 1)", (0, 0.5), (-0.1, 1, float("nan")), r"in \[0, 1\)"),
        ("(0, 1]", (0.1, 1), (0, 1.1), r"in \(0, 1\]"),
        ("(0, inf)", (1e-9, 1e9), (0, -1, float("inf")), "above 0"),
        ("[1, inf)", (1, 7), (0, float("inf"), float("nan")), "at least 1"),
    ],
)
def test_a_number_outside_the_interval_is_named_with_the_rule(
    interval, inside, outside, rule
):
    for value in inside:
        check_numbers("part", interval, size=value)
    for value in outside:
        with pytest.raises(ValueError, match=f"part: size must be {rule}, got {value}"):
            check_numbers("part", interval, other=inside[0], size=value)
