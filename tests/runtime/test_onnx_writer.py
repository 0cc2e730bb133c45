import numpy as np
import pytest

from wildaffect.runtime import onnx_writer
from wildaffect.runtime.onnx_writer import OnnxGraph


def test_constants_beyond_what_a_file_can_hold_are_refused_before_they_are_kept():
    half = np.broadcast_to(np.float32(0), (1 << 15, 1 << 13))  # 1 GiB, of no memory
    graph = OnnxGraph("full", _constant_bytes=onnx_writer.MAX_ONNX_BYTES - half.nbytes + 1)
    with pytest.raises(ValueError, match="constants of more than 2,147,483,647 bytes"):
        graph.add_constant("half", half)
