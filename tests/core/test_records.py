import math
from dataclasses import dataclass

import pytest
from pydantic import TypeAdapter

from wildaffect.core.records import read_record, write_record


@dataclass(frozen=True, kw_only=True)
class Measured:
    values: dict[str, float]
    limit: float = 1.5


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.1])
def test_every_number_is_read_as_it_was_written(value, tmp_path):
    adapter, path = TypeAdapter(Measured), tmp_path / "record.json"
    write_record(adapter, Measured(values={"é": value}), path)
    read = read_record(adapter, path, "record")
    assert repr(read) == repr(Measured(values={"é": value}))
