import subprocess
import sys
from importlib.util import find_spec

import pytest


@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed")
def test_pandas_is_left_out_of_conversions_and_can_still_be_imported():
    code = """
import sys
import pyarrow as pa
from wildaffect.core.arrow import leave_pandas_out
leave_pandas_out()
assert pa.array(["a", None]).null_count == pa.scalar(1.5).as_py() - 0.5
assert "pandas" not in sys.modules
import pandas
assert pandas.Series([1]).sum() == 1
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
