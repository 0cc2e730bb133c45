"""Outputs of a TFLite file in its own runtime, LiteRT; runs where that is installed.

    python litert_outputs.py FILE CROPS.npy OUTPUTS.npz

`shipped` is what the file gives in the kernels that are used by default, `without_delegate`
and `reference` in others of the same runtime; `exact` what it gives with its 8-bit weights
as the float32 numbers that they stand for, so that no input of a layer is rounded.
"""

import sys
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

DEQUANTIZE, FLOAT32, INT8, UINT8 = 6, 0, 9, 3


def with_float_weights(content):
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    (graph,) = model.subgraphs
    codes = [max(c.deprecatedBuiltinCode, c.builtinCode) for c in model.operatorCodes]
    kept = []
    for operator in graph.operators:
        if codes[operator.opcodeIndex] != DEQUANTIZE:
            kept.append(operator)
            continue
        source, target = operator.inputs[0], operator.outputs[0]
        kind = np.uint8 if graph.tensors[source].type == UINT8 else np.int8
        as_float32(model, graph.tensors[source], kind)
        graph.tensors[target].buffer = graph.tensors[source].buffer
    graph.operators = kept
    for tensor in graph.tensors:
        if tensor.type in {INT8, UINT8}:  # multiplied as signed numbers
            as_float32(model, tensor, np.int8)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def as_float32(model, tensor, kind):
    data = np.asarray(model.buffers[tensor.buffer].data, np.uint8).view(kind)
    values = data.reshape(tensor.shape).astype(np.float64)
    scale = np.asarray(tensor.quantization.scale)
    zero_point = np.asarray(tensor.quantization.zeroPoint)
    shape = [1] * values.ndim
    shape[tensor.quantization.quantizedDimension if scale.size > 1 else 0] = -1
    exact = (values - zero_point.reshape(shape)) * scale.reshape(shape)
    model.buffers.append(schema.BufferT())
    tensor.buffer = len(model.buffers) - 1
    model.buffers[-1].data = np.frombuffer(exact.astype(np.float32).tobytes(), np.uint8)
    tensor.type, tensor.quantization = FLOAT32, None


def outputs(content, crops, kernels=OpResolverType.AUTO):
    interpreter = Interpreter(
        model_content=content, num_threads=1, experimental_op_resolver_type=kernels
    )
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    rows = []
    for crop in crops:
        interpreter.set_tensor(source, crop[None])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(result)[0].copy())
    return np.stack(rows)


if __name__ == "__main__":
    file, crops_file, output = sys.argv[1:]
    content, crops = Path(file).read_bytes(), np.load(crops_file)
    np.savez(
        output,
        shipped=outputs(content, crops),
        without_delegate=outputs(
            content, crops, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
        reference=outputs(content, crops, OpResolverType.BUILTIN_REF),
        exact=outputs(with_float_weights(content), crops),
    )
