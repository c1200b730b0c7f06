"""A small builder of ONNX graphs: every operator is one call that returns the name of what it computes."""
import numpy
from onnx import TensorProto, checker, helper, numpy_helper

F32, I64, U8, BOOL, I32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.UINT8, TensorProto.BOOL, TensorProto.INT32


class Graph:
    def __init__(self, name):
        self.name, self.nodes, self.constants, self.inputs, self.outputs = name, [], {}, [], []
        self.metadata = {}

    def input(self, name, shape, kind=F32):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name, source, shape, kind=F32):
        self.nodes.append(helper.make_node("Identity", [source], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def constant(self, value, dtype=None):
        value = numpy.asarray(value)
        value = value.astype(dtype or {"i": "int64", "b": "bool"}.get(value.dtype.kind, "float32"))
        key = f"c{len(self.constants)}"
        for name, known in self.constants.items():
            if known.dtype == value.dtype and known.shape == value.shape and numpy.array_equal(known, value):
                return name
        self.constants[key] = value
        return key

    def __getattr__(self, operator):
        """`graph.Add(a, b)` adds the node; what is no name is taken as a constant."""
        if not operator[:1].isupper():
            raise AttributeError(operator)

        def add(*inputs, **attributes):
            names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
            out = f"n{len(self.nodes)}"
            self.nodes.append(helper.make_node(operator, names, [out], **attributes))
            return out
        return add

    def floats(self, source):
        return self.Cast(source, to=F32)

    def ints(self, source):
        return self.Cast(source, to=I64)

    def size(self, source, axis):
        """The length of one axis, as a tensor of one number."""
        return self.Slice(self.Shape(source), [axis], [axis + 1])

    def take(self, source, index, axis):
        """One slice along `axis`, which goes away."""
        return self.Gather(source, numpy.int64(index), axis=axis)

    def bytes(self):
        constants = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, constants)
        model = helper.make_model(graph, producer_name="tator", ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
        if self.metadata:
            helper.set_model_props(model, self.metadata)
        checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)
