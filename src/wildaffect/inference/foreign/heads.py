"""Member network that reads the outputs of a described network.

It maps `features` (1, T, D), the outputs side by side, to outputs named after the tasks, as
`manifest.Member` requires.
"""

from collections.abc import Sequence

import numpy as np

from wildaffect.inference.foreign.description import UNUSED, OutputDescription
from wildaffect.runtime.onnx_writer import OnnxGraph

LEAST_PROBABILITY = 1e-7
"""Probabilities below it count as it: their logarithm is finite."""


def heads_onnx(columns: Sequence[tuple[int, OutputDescription]], width: int) -> bytes:
    """Return the network.

    Args:
        columns: First column of each output that is used, with its description.
        width: Number of columns, D.
    """
    graph = OnnxGraph("heads")
    graph.add_input("features", [1, None, width])
    for first, output in columns:
        taken = [
            first + place
            for place in range(output.num_columns)
            if not output.labels or output.labels[place] != UNUSED
        ]
        name = f"{output.task}/columns"
        graph.add_constant(f"{output.task}/index", np.array(taken, np.int64))
        graph.add_node("Gather", ["features", f"{output.task}/index"], name, axis=2)
        if output.values:
            _add_logits(graph, name, output)
        else:
            _add_values(graph, name, output)
        axes = [len(taken)] if output.labels else []
        graph.add_output(output.task, [1, None, *axes])
    return graph.content()


def _add_logits(graph: OnnxGraph, name: str, output: OutputDescription) -> None:
    task = output.task
    if output.values == "logits":
        graph.add_node("Identity", [name], task)
        return
    least, most = f"{task}/least", f"{task}/most"
    graph.add_constant(least, np.array(LEAST_PROBABILITY, np.float32))
    graph.add_constant(most, np.array(1 - LEAST_PROBABILITY, np.float32))
    if task == "expression":
        graph.add_node("Max", [name, least], f"{task}/positive")
        graph.add_node("Log", [f"{task}/positive"], task)
        return
    graph.add_constant(f"{task}/one", np.array(1, np.float32))
    graph.add_node("Clip", [name, least, most], f"{task}/within")
    graph.add_node("Sub", [f"{task}/one", f"{task}/within"], f"{task}/rest")
    graph.add_node("Log", [f"{task}/within"], f"{task}/log")
    graph.add_node("Log", [f"{task}/rest"], f"{task}/log-rest")
    graph.add_node("Sub", [f"{task}/log", f"{task}/log-rest"], task)


def _add_values(graph: OnnxGraph, name: str, output: OutputDescription) -> None:
    """Rescale values from their range to [-1, 1]; valence and arousal have no last axis."""
    task, (low, high) = output.task, output.range
    scale = 2 / (high - low)
    value = task if output.labels else f"{task}/value"
    graph.add_constant(f"{task}/scale", np.array(scale, np.float32))
    graph.add_constant(f"{task}/offset", np.array(-1 - scale * low, np.float32))
    graph.add_node("Mul", [name, f"{task}/scale"], f"{task}/scaled")
    graph.add_node("Add", [f"{task}/scaled", f"{task}/offset"], value)
    if not output.labels:
        graph.add_constant(f"{task}/axis", np.array([2], np.int64))
        graph.add_node("Squeeze", [value, f"{task}/axis"], task)
