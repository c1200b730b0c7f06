"""Stand-ins for the detector families: see README.md for what they compute."""
from graph import I32, I64, Graph
import numpy

IMAGENET = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
UNIT = ([0, 0, 0], [255, 255, 255])
AS_IS = ([0, 0, 0], [1, 1, 1])
COUNT, RED, BLUE = 3, 2, 0
NAMES = ["blue", "driver's cab", "red"]
OBJECT = 0.96  # what families with objectness say of it


class Spots:
    """The red and the blue thing in the frame: boxes [b,n,4] as corners, scores [b,n]. With `copy` the red one twice."""

    def __init__(self, g, image, side, normal=UNIT, bgr=False, copy=True):
        self.g, self.side = g, side
        plane = {colour: g.Add(g.Mul(g.take(image, 2 - index if bgr else index, 1), float(normal[1][index])), float(normal[0][index]))
                 for colour, index in (("red", 0), ("blue", 2))}
        red, blue = self.mask(plane["red"], plane["blue"]), self.mask(plane["blue"], plane["red"])
        self.masks = [red, blue]
        boxes, scores = zip(*(self.spot(*pair) for pair in ((red, plane["red"]), (blue, plane["blue"]))))
        self.classes = [RED, BLUE]
        if copy:
            boxes = (boxes[0], g.Add(boxes[0], [2.0, 0.0, 2.0, 0.0]), boxes[1])
            scores = (scores[0], g.Mul(scores[0], 0.9), scores[1])
            self.classes = [RED, RED, BLUE]
        self.boxes = g.Concat(*(g.Unsqueeze(box, [1]) for box in boxes), axis=1)
        self.scores = g.Concat(*scores, axis=1)

    def mask(self, strong, weak):
        return self.g.floats(self.g.And(self.g.Greater(strong, 160.0), self.g.Less(weak, 100.0)))

    def spot(self, mask, plane):
        g = self.g
        edges = []
        for axis in (2, 1):  # of the mask [b,h,w]: rows are collapsed for x, columns for y
            line = g.ReduceMax(mask, axes=[3 - axis], keepdims=0)
            edges.append((g.floats(g.ArgMax(line, axis=1, select_last_index=0)), g.Add(g.floats(g.ArgMax(line, axis=1, select_last_index=1)), 1.0)))
        (x0, x1), (y0, y1) = edges
        pixels = g.Max(g.ReduceSum(mask, [1, 2], keepdims=0), 1.0)
        mean = g.Div(g.Div(g.ReduceSum(g.Mul(mask, plane), [1, 2], keepdims=0), pixels), 255.0)
        score = g.Mul(mean, g.ReduceMax(mask, axes=[1, 2], keepdims=0))
        return g.Concat(x0, y0, x1, y1, axis=1), g.Unsqueeze(score, [1])

    def ends(self):
        return self.g.Slice(self.boxes, [0], [2], [2]), self.g.Slice(self.boxes, [2], [4], [2])

    def centred(self, scale=1.0):
        """Centre and sides."""
        low, high = self.ends()
        whole = self.g.Concat(self.g.Div(self.g.Add(low, high), 2.0), self.g.Sub(high, low), axis=2)
        return self.g.Mul(whole, scale)

    def by_class(self, factor=1.0, classes=COUNT):
        """A column of scores a class: [b,n,classes]."""
        hot = numpy.eye(classes, dtype="float32")[self.classes]
        return self.g.Mul(self.g.Unsqueeze(self.g.Mul(self.scores, factor), [2]), hot[None])

    def column(self, values):
        """One number for each, the same in every picture: [b,n,1]."""
        shaped = numpy.array(values, "float32").reshape(1, -1, 1)
        return self.g.Add(self.g.Mul(self.g.Unsqueeze(self.scores, [2]), 0.0), shaped)

    def rows(self, *parts, count):
        """Rows of all parts, then rows of zeros up to `count`."""
        return self.g.Pad(self.g.Concat(*parts, axis=2), [0, 0, 0, 0, count - len(self.classes), 0])

    def planes(self, cells):
        """The two masks in coarser cells, 4 inside and -4 outside: [b,2,cells,cells]."""
        g, step = self.g, self.side // cells
        both = g.Concat(*(g.Unsqueeze(mask, [1]) for mask in self.masks), axis=1)
        return g.Mul(g.Sub(g.AveragePool(both, kernel_shape=[step, step], strides=[step, step]), 0.5), 8.0)


def start(name, image, side, batch="batch", **how):
    g = Graph(name)
    return g, Spots(g, g.input(image, [batch, 3, side, side]), side, **how)


def ultralytics(name, task, more=None):
    """Raw: [b, 4 + classes + extras, 8400]."""
    g, spots = start(name, "images", 640)
    g.metadata = {"task": task, "stride": "32", "imgsz": "[640, 640]", "names": str(dict(enumerate(NAMES))), **(more or {})}
    return g, spots


def yolo():
    g, spots = ultralytics("yolo", "detect")
    table = spots.rows(spots.centred(), spots.by_class(), count=8400)
    g.output("output0", g.Transpose(table, perm=[0, 2, 1]), ["batch", 4 + COUNT, 8400])
    return g


def coefficients(spots):
    """Red takes plane 0, blue plane 1: [b,n,32]."""
    values = numpy.zeros((1, len(spots.classes), 32), "float32")
    values[0, range(len(spots.classes)), [0 if each == RED else 1 for each in spots.classes]] = 1
    return spots.g.Add(spots.g.Mul(spots.g.Unsqueeze(spots.scores, [2]), 0.0), values)


def prototypes(g, spots):
    g.output("output1", g.Pad(spots.planes(160), [0, 0, 0, 0, 0, 30, 0, 0]), ["batch", 32, 160, 160])


def yolo_seg():
    g, spots = ultralytics("yolo_seg", "segment")
    table = spots.rows(spots.centred(), spots.by_class(), coefficients(spots), count=8400)
    g.output("output0", g.Transpose(table, perm=[0, 2, 1]), ["batch", 4 + COUNT + 32, 8400])
    prototypes(g, spots)
    return g


def yolo_obb():
    """Red things are turned by half a radian."""
    g, spots = ultralytics("yolo_obb", "obb")
    table = spots.rows(spots.centred(), spots.by_class(), spots.column([0.5 if each == RED else 0 for each in spots.classes]), count=8400)
    g.output("output0", g.Transpose(table, perm=[0, 2, 1]), ["batch", 4 + COUNT + 1, 8400])
    return g


def finished(spots, *more, count=300):
    """Rows of corners, score, class."""
    return spots.rows(spots.boxes, spots.g.Unsqueeze(spots.scores, [2]), spots.column(spots.classes), *more, count=count)


def yolo_end2end():
    """One picture at a time, as a file of fixed shape is."""
    g, spots = start("yolo_end2end", "images", 640, 1, copy=False)
    g.metadata = {"task": "detect", "end2end": "True", "names": str(NAMES)}
    g.output("output0", finished(spots), [1, 300, 6])
    return g


def yolo_seg_nms():
    g, spots = start("yolo_seg_nms", "images", 640, copy=False)
    g.metadata = {"task": "segment", "args": "{'nms': True, 'half': False}", "names": str(dict(enumerate(NAMES)))}
    g.output("output0", finished(spots, coefficients(spots)), ["batch", 300, 38])
    prototypes(g, spots)
    return g


def yolo_rtdetr():
    g, spots = start("yolo_rtdetr", "images", 640, copy=False)
    g.metadata = {"task": "detect", "description": "Ultralytics rtdetr-l model", "names": str(dict(enumerate(NAMES)))}
    g.output("output0", spots.rows(spots.centred(1 / 640), spots.by_class(), count=300), ["batch", 300, 4 + COUNT])
    return g


def with_object(spots, sides, count):
    return spots.rows(sides, spots.column([OBJECT] * len(spots.classes)), spots.by_class(1 / OBJECT), count=count)


def yolov5():
    g, spots = start("yolov5", "images", 640, 1)
    g.output("output0", with_object(spots, spots.centred(), 25200), [1, 25200, 5 + COUNT])
    return g


def yolov7_nms():
    g, spots = start("yolov7_nms", "images", 640, copy=False)
    n = len(spots.classes)
    g.output("num_dets", g.Cast(g.Expand(n, g.Concat(g.size(spots.scores, 0), [1], axis=0)), to=I32), ["batch", 1], I32)
    g.output("det_boxes", g.Pad(spots.boxes, [0, 0, 0, 0, 100 - n, 0]), ["batch", 100, 4])
    g.output("det_scores", g.Pad(spots.scores, [0, 0, 0, 100 - n]), ["batch", 100])
    classes = g.Pad(g.Squeeze(spots.column(spots.classes), [2]), [0, 0, 0, 100 - n])
    g.output("det_classes", g.Cast(classes, to=I32), ["batch", 100], I32)
    return g


def yolox(decoded):
    """The things are in the first three places, all cells of stride 8 in the first line."""
    g, spots = start("yolox_decoded" if decoded else "yolox", "images", 416, 1, normal=AS_IS, bgr=True)
    sides = spots.centred()
    if not decoded:
        place, size = g.Slice(sides, [0], [2], [2]), g.Slice(sides, [2], [4], [2])
        cells = numpy.array([[[0, 0], [1, 0], [2, 0]]], "float32")
        sides = g.Concat(g.Sub(g.Div(place, 8.0), cells), g.Log(g.Div(size, 8.0)), axis=2)
    table = with_object(spots, sides, 3548 if decoded else 3549)
    if decoded:
        last = numpy.array([[[400, 400, 8, 8] + [0] * (1 + COUNT)]], "float32")
        table = g.Concat(table, g.constant(last), axis=1)
    g.output("output", table, [1, 3549, 5 + COUNT])
    return g


def detr(kind=I64):
    g, spots = start("detr", "images", 640, copy=False)
    sizes = g.floats(g.input("orig_target_sizes", ["batch", 2], kind))
    scale = g.Unsqueeze(g.Concat(sizes, sizes, axis=1), [1])
    boxes = g.Mul(g.Div(spots.boxes, 640.0), scale)
    n = len(spots.classes)
    g.output("labels", g.ints(g.Pad(g.Squeeze(spots.column(spots.classes), [2]), [0, 0, 0, 300 - n])), ["batch", 300], I64)
    g.output("boxes", g.Pad(boxes, [0, 0, 0, 0, 300 - n, 0]), ["batch", 300, 4])
    g.output("scores", g.Pad(spots.scores, [0, 0, 0, 300 - n]), ["batch", 300])
    return g


def detr_seg():
    g, spots = start("detr_seg", "images", 640, copy=False)
    g.output("labels", g.ints(g.Squeeze(spots.column(spots.classes), [2])), ["batch", 2], I64)
    g.output("boxes", spots.boxes, ["batch", 2, 4])
    g.output("scores", spots.scores, ["batch", 2])
    g.output("masks", g.Sigmoid(spots.planes(160)), ["batch", 2, 160, 160])
    return g


def logits(spots, slots, count, background):
    """The red query is half as sure that it is class 1."""
    g = spots.g
    half = numpy.zeros((1, len(spots.classes), slots), "float32")
    half[0, [each == RED for each in spots.classes], 1] = 0.5
    scores = g.Add(spots.by_class(classes=slots), g.Mul(g.Unsqueeze(spots.scores, [2]), half))
    safe = g.Clip(scores, 4e-5, 0.999)
    value = g.Log(g.Div(safe, g.Sub(1.0, safe)))
    if background:
        last = numpy.zeros((1, 1, slots), "float32")
        last[..., -1] = 20
        value = g.Add(value, last)
    return g.Pad(value, [0, 0, 0, 0, count - len(spots.classes), 0], -10.0)


def detr_hf():
    g, spots = start("detr_hf", "pixel_values", 640, copy=False)
    g.output("logits", logits(spots, COUNT, 300, False), ["batch", 300, COUNT])
    g.output("pred_boxes", spots.rows(spots.centred(1 / 640), count=300), ["batch", 300, 4])
    return g


def rf_detr():
    g, spots = start("rf_detr", "input", 384, 1, normal=IMAGENET, copy=False)
    g.output("dets", spots.rows(spots.centred(1 / 384), count=300), [1, 300, 4])
    g.output("labels", logits(spots, COUNT + 1, 300, True), [1, 300, COUNT + 1])
    return g


def cells_of(spots, stride, columns):
    """The cell of each thing's centre, [b,n,2]; the copy of the red one is in the next cell."""
    g = spots.g
    cells = g.Floor(g.Div(g.Slice(spots.centred(), [0], [2], [2]), float(stride)))
    cells = g.Add(cells, numpy.array([[[0, 0], [1, 0], [0, 0]]], "float32"))
    index = g.Add(g.take(cells, 0, 2), g.Mul(g.take(cells, 1, 2), float(columns)))
    every = numpy.arange(columns * columns, dtype="float32")[None, None]
    return cells, g.floats(g.Equal(g.Unsqueeze(index, [2]), every))


def spread(g, hot, values):
    """Puts the rows of each thing into its cell: [b,cells,length]."""
    return g.MatMul(g.Transpose(hot, perm=[0, 2, 1]), values)


def levels(spots, strides, middle):
    """Scores and distances of every stride; the things are in stride 32."""
    g, found = spots.g, []
    cells, hot = cells_of(spots, 32, spots.side // 32)
    centre = g.Mul(g.Add(cells, middle), 32.0)
    low, high = spots.ends()
    away = g.Div(g.Concat(g.Sub(centre, low), g.Sub(high, centre), axis=2), 32.0)
    bins = g.Abs(g.Sub(g.Unsqueeze(away, [3]), numpy.arange(8, dtype="float32")[None, None, None]))
    bins = g.Log(g.Add(g.Relu(g.Sub(1.0, bins)), 1e-6))
    bins = g.Reshape(bins, [0, 0, 32])
    for stride in strides:
        count = (-(-spots.side // stride)) ** 2
        if stride == 32:
            found.append((spread(g, hot, spots.by_class()), spread(g, hot, bins), count))
        else:
            empty = [g.Expand(0.0, g.Concat(g.size(spots.scores, 0), [count, n], axis=0)) for n in (COUNT, 32)]
            found.append((*empty, count))
    return found


def nanodet():
    g, spots = start("nanodet", "input.1", 416, 1, normal=IMAGENET, bgr=True)
    for kind, part, length in (("cls", 0, COUNT), ("dis", 1, 32)):
        for stride, level in zip((8, 16, 32), levels(spots, (8, 16, 32), 0.5)):
            g.output(f"{kind}_pred_stride_{stride}", level[part], [1, level[2], length])
    return g


def nanodet_plus():
    g, spots = start("nanodet_plus", "data", 416, 1, normal=IMAGENET, bgr=True)
    found = levels(spots, (8, 16, 32, 64), 0.0)
    whole = g.Concat(*(g.Concat(*level[:2], axis=2) for level in found), axis=1)
    g.output("output", whole, [1, sum(level[2] for level in found), COUNT + 32])
    return g


def picodet():
    g, spots = start("picodet", "image", 416, 1, normal=IMAGENET)
    found = levels(spots, (8, 16, 32, 64), 0.5)
    for part, length in ((0, COUNT), (1, 32)):
        for index, level in enumerate(found):
            g.output(f"save_infer_model/scale_{index + 4 * part}.tmp_1", level[part], [1, level[2], length])
    return g


def picodet_nms():
    g, spots = start("picodet_nms", "image", 416, normal=IMAGENET, copy=False)
    scale = g.input("scale_factor", ["batch", 2])
    across = g.Concat(*(g.Slice(scale, [i], [i + 1], [1]) for i in (1, 0, 1, 0)), axis=1)
    boxes = g.Div(spots.boxes, g.Unsqueeze(across, [1]))
    rows = g.Concat(spots.column(spots.classes), g.Unsqueeze(spots.scores, [2]), boxes, axis=2)
    g.output("multiclass_nms3_0.tmp_0", g.Reshape(rows, [-1, 6]), ["n", 6])
    g.output("multiclass_nms3_0.tmp_2", g.Cast(g.Expand(2, g.size(spots.scores, 0)), to=I32), ["batch"], I32)
    return g


def fastestdet():
    g, spots = start("fastestdet", "input.1", 352, 1, bgr=True)
    cells, hot = cells_of(spots, 16, 22)
    sides = spots.centred()
    offset = g.Clip(g.Sub(g.Div(g.Slice(sides, [0], [2], [2]), 16.0), cells), -0.999, 0.999)
    place = g.Mul(g.Log(g.Div(g.Add(1.0, offset), g.Sub(1.0, offset))), 0.5)
    share = g.Clip(g.Div(g.Slice(sides, [2], [4], [2]), 352.0), 0.001, 0.999)
    size = g.Log(g.Div(share, g.Sub(1.0, share)))
    rows = g.Concat(g.Unsqueeze(spots.scores, [2]), place, size, spots.by_class(), axis=2)
    table = g.Transpose(spread(g, hot, rows), perm=[0, 2, 1])
    g.output("758", g.Reshape(table, [0, 0, 22, 22]), [1, 5 + COUNT, 22, 22])
    return g


# name of the model and its folder: family, side of the frame, graph, whether the manifest has to name the classes
MODELS = {
    "yolo": ("yolo", 640, yolo, False),
    "yolo-seg": ("yolo", 640, yolo_seg, False),
    "yolo-obb": ("yolo", 640, yolo_obb, False),
    "yolo-end2end": ("yolo", 640, yolo_end2end, False),
    "yolo-seg-nms": ("yolo", 640, yolo_seg_nms, False),
    "yolo-rtdetr": ("yolo", 640, yolo_rtdetr, False),
    "yolov5": ("yolov5", 640, yolov5, True),
    "yolov7-nms": ("yolov5", 640, yolov7_nms, True),
    "yolox": ("yolox", 416, lambda: yolox(False), True),
    "yolox-decoded": ("yolox", 416, lambda: yolox(True), True),
    "detr": ("detr", 640, detr, True),
    "detr-seg": ("detr", 640, detr_seg, True),
    "detr-hf": ("detr_hf", 640, detr_hf, True),
    "rf-detr": ("rf_detr", 384, rf_detr, True),
    "nanodet": ("nanodet", 416, nanodet, True),
    "nanodet-plus": ("nanodet", 416, nanodet_plus, True),
    "picodet": ("picodet", 416, picodet, True),
    "picodet-nms": ("picodet", 416, picodet_nms, True),
    "fastestdet": ("fastestdet", 352, fastestdet, True),
}
