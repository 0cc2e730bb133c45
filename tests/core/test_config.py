from dataclasses import dataclass, field
from typing import Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from wildaffect.core.config import Config, first_problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold(Config):
    max_age_s: float
    kind: Literal["hold"] = "hold"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mean(Config):
    length_s: float = 1.0
    kind: Literal["mean"] = "mean"

    def __post_init__(self):
        if self.length_s <= 0:
            raise ValueError(f"length_s must be above 0, got {self.length_s}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe(Config):
    join: Hold | Mean = field(default_factory=Mean)


@pytest.mark.parametrize(
    ("join", "words"),
    [
        ({"kind": "maen"}, "join.kind: must be one of 'hold', 'mean', got 'maen'"),
        ({"kind": "mean", "lenth_s": 1}, "join.Mean.lenth_s: unknown key, got 1"),
        ({"kind": "mean", "length_s": 0}, "join.Mean: length_s must be above 0, got 0.0"),
        ({"kind": "hold"}, "join.Hold.max_age_s: Field required, got {'kind': 'hold'}"),
    ],
)
def test_a_problem_is_that_of_the_kind_that_was_chosen(join, words):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Recipe).validate_python({"join": join})
    assert first_problem(caught.value) == words
