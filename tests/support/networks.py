"""Networks with random weights in place of those that people get elsewhere."""

import numpy as np

from wildaffect.runtime.onnx_writer import OnnxGraph


def page_network(outputs: dict[str, int], size_px: int = 224) -> bytes:
    """Return a network of crops with random weights, as (width) numbers by output name."""
    rng = np.random.default_rng(0)
    graph = OnnxGraph("page")
    graph.add_input("input", [None, 3, size_px, size_px])
    for name, width in outputs.items():
        kernel = rng.normal(size=(width, 3, 32, 32)).astype(np.float32) / 60
        graph.add_constant(f"{name}:k", kernel)
        graph.add_node("Conv", ["input", f"{name}:k"], f"{name}:c", strides=[32, 32])
        graph.add_node("GlobalAveragePool", [f"{name}:c"], f"{name}:p")
        graph.add_node("Sigmoid" if name == "units" else "Identity", [f"{name}:p"], name)
        graph.add_output(name, [None, width, 1, 1])
    return graph.content()
