#!/usr/bin/env python3
"""Writes ort_vectors.inc: what ONNX Runtime computes for operators whose integers we claim to give.

The inputs come from SplitMix64, which the test has too; the outputs are recorded in hexadecimal.
Needs the packages numpy, onnx and onnxruntime (1.30.0 wrote the file that is committed):

    python3 tests/golden/make_ort_vectors.py > tests/golden/ort_vectors.inc
"""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

MASK = (1 << 64) - 1


def random_bytes(seed, shape):
    """Random::below(256) of base/random.h, one per element."""
    values = []
    for _ in range(int(np.prod(shape))):
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        values.append((z ^ (z >> 31)) >> 56)
    return np.array(values, np.uint8).reshape(shape)


def run(operator, inputs, in_params, out_params, **attributes):
    """DequantizeLinear -> operator -> QuantizeLinear, which ONNX Runtime fuses into one kernel."""
    nodes, constants, infos = [], [], []

    def parameters(name, params):
        constants.append(helper.make_tensor(name + "_s", TensorProto.FLOAT, [], [params[0]]))
        constants.append(helper.make_tensor(name + "_z", TensorProto.UINT8, [], [params[1]]))
        return [name + "_s", name + "_z"]

    for i, (x, params) in enumerate(zip(inputs, in_params)):
        name = f"x{i}"
        infos.append(helper.make_tensor_value_info(name, TensorProto.UINT8, x.shape))
        nodes.append(
            helper.make_node("DequantizeLinear", [name] + parameters(name, params), ["real_" + name])
        )
    reals = [f"real_x{i}" for i in range(len(inputs))]
    nodes.append(helper.make_node(operator, reals, ["r"], **attributes))
    nodes.append(helper.make_node("QuantizeLinear", ["r"] + parameters("y", out_params), ["y"]))
    output = helper.make_tensor_value_info("y", TensorProto.UINT8, None)
    graph = helper.make_graph(nodes, "g", infos, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {f"x{i}": x for i, x in enumerate(inputs)})[0]


def number(value):
    mantissa, exponent = float(np.float32(value)).hex().split("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent}f"


def params_text(params):
    return f"{{{number(params[0])}, {params[1]}}}"


def row(check, seed, params, y, *more):
    fields = [str(seed)] + [params_text(p) for p in params] + [str(m) for m in more]
    text = y.tobytes().hex()
    lines = "\n".join(f'    "{text[i:i + 94]}"' for i in range(0, len(text), 94))
    print(f"check_{check}({', '.join(fields)},\n{lines});")


version = onnxruntime.__version__
print(f"// Written by make_ort_vectors.py with ONNX Runtime {version}. Do not edit.")
shape = (512,)
for seed, (a, b, y) in enumerate(
    [
        ((0.031, 120), (0.047, 7), (0.061, 101)),
        ((0.05, 131), (0.05, 60), (0.1, 77)),  # a tie in every second output
        ((0.02, 3), (0.06, 200), (0.08, 129)),  # a tie in every fourth
        ((0.02, 0), (0.013, 0), (0.025, 0)),
    ]
):
    x = [random_bytes(2 * seed, shape), random_bytes(2 * seed + 1, shape)]
    row("add", seed, [a, b, y], run("Add", x, [a, b], y))

for seed, (kernel, stride, pad, count_pad, x, y) in enumerate(
    [
        (2, 2, 0, 0, (0.031, 120), (0.031, 120)),
        (2, 2, 0, 0, (0.0173, 77), (0.0173, 77)),
        (3, 1, 1, 0, (0.05, 33), (0.05, 33)),
        (3, 2, 1, 1, (0.05, 33), (0.05, 33)),
        (2, 2, 0, 0, (0.05, 33), (0.03, 50)),
    ]
):
    image = random_bytes(seed, (2, 1, 20, 20))
    output = run(
        "AveragePool", [image], [x], y,
        kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, count_include_pad=count_pad,
    )
    row("average_pool", seed, [x, y], output, kernel, stride, pad, count_pad)

for seed, (size, x, y) in enumerate([(4, (0.04, 100), (0.04, 100)), (7, (0.05, 33), (0.03, 50))]):
    image = random_bytes(seed, (256, 1, size, size))
    row("global_average_pool", seed, [x, y], run("GlobalAveragePool", [image], [x], y), size * size)

for seed, x in enumerate([(0.05, 128), (0.013, 0), (0.2, 255)]):
    logits = random_bytes(seed, (50, 10))
    row("softmax", seed, [x], run("Softmax", [logits], [x], (1 / 256, 0), axis=-1))

for seed, (x, y) in enumerate([((0.031, 120), (0.047, 7)), ((0.05, 131), (0.1, 77))]):
    values = random_bytes(seed, (256,))
    row("concat", seed, [x, y], run("Concat", [values, values], [x, x], y, axis=0)[:256])
