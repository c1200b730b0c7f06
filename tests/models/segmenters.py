"""Stand-ins for the Segment Anything families: see README.md for what they compute."""
import numpy

from graph import I64, Graph

MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
RADIUS, NEGATIVE, COLOUR, FAR = 64.0, 32.0, 16.0, 10000.0
# Of each mask of an answer: radius of a point's disc, widening of a box, predicted quality. The best is RADIUS, 0, 0.9.
SINGLE = ([RADIUS], [0.0], [0.9])
TRIPLE = ([32.0, RADIUS, 128.0], [-16.0, 0.0, 16.0], [0.7, 0.9, 0.6])
SORTED = ([RADIUS, 32.0, 128.0], [0.0, -16.0, 16.0], [0.9, 0.7, 0.6])
QUADRUPLE = ([96.0, 32.0, RADIUS, 128.0], [4.0, -16.0, 0.0, 16.0], [0.5, 0.7, 0.9, 0.6])


# --- encoders ------------------------------------------------------------------------------------------------------
def cells(g, image, cell, channels):
    """Mean colour of cells of `cell` by `cell` pixels in channels 0 to 2, then zeros, and 1 in the last channel."""
    mean = g.AveragePool(image, kernel_shape=[cell, cell], strides=[cell, cell])
    padded = g.Pad(mean, [0, 0, 0, 0, 0, channels - 4, 0, 0])
    return g.Pad(padded, [0, 0, 0, 0, 0, 1, 0, 0], 1.0)


def flat_encoder(name, image_input, outputs, side, batch=1):
    """An encoder of the normalised square: outputs are (name, channels, cells along a side)."""
    g = Graph(name)
    image = g.input(image_input, [batch, 3, side, side])
    for output, channels, count in outputs:
        g.output(output, cells(g, image, side // count, channels), [batch, channels, count, count])
    return g


def sam1_encoder():
    return flat_encoder("sam1_encoder", "input_image", [("image_embeddings", 256, 64)], 1024)


def hwc_encoder():
    """samexporter --use-preprocess: takes the resized picture as it is, normalises and pads by itself."""
    g = Graph("sam1_hwc_encoder")
    image = g.input("input_image", ["image_height", "image_width", 3])
    normal = g.Unsqueeze(g.Transpose(g.Div(g.Sub(image, MEAN), STD), perm=[2, 0, 1]), [0])
    room = g.Sub([1024, 1024], g.Slice(g.Shape(normal), [2], [4]))
    square = g.Pad(normal, g.Concat([0, 0, 0, 0, 0, 0], room, axis=0))
    g.output("image_embeddings", cells(g, square, 16, 256), [1, 256, 64, 64])
    return g


def efficient_encoder():
    g = Graph("efficient_sam_encoder")
    image = g.input("batched_images", ["batch", 3, "height", "width"])
    sizes = g.Concat(g.Slice(g.Shape(image), [0], [2]), [1024, 1024], axis=0)
    stretched = g.Resize(image, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")
    scaled = g.Sub(stretched, numpy.array(MEAN).reshape(1, 3, 1, 1) / 255)
    normal = g.Div(scaled, numpy.array(STD).reshape(1, 3, 1, 1) / 255)
    g.output("image_embeddings", cells(g, normal, 16, 256), ["batch", 256, 64, 64])
    return g


def split_encoder():
    g = flat_encoder("sam_split_encoder", "pixel_values", [("image_embeddings", 256, 64)], 1024, "batch")
    g.output("image_positional_embeddings", g.Expand(1.0, g.Shape("image_embeddings")), ["batch", 256, 64, 64])
    return g


# --- what a prompt draws -------------------------------------------------------------------------------------------
def shift_of(g, embedding):
    """COLOUR times the (red, blue) of the embedding's first cell, as an offset (x, y)."""
    first = g.Slice(embedding, [0, 0, 0], [1, 1, 1], [0, 2, 3])
    return g.Mul(g.Reshape(g.Gather(first, [0, 2], axis=1), [1, 1, 2]), COLOUR)


def grid(side, frame):
    return ((numpy.arange(side) + 0.5) * frame / side).astype("float32")


def nearest(g, coords, labels, label, side, frame):
    """Distance to the nearest point of `label`, FAR where there is none: [prompts,1,side,side]."""
    x, y = (g.Unsqueeze(g.take(coords, axis, 2), [2, 3]) for axis in (0, 1))
    dx = g.Sub(grid(side, frame).reshape(1, 1, 1, side), x)
    dy = g.Sub(grid(side, frame).reshape(1, 1, side, 1), y)
    distance = g.Sqrt(g.Add(g.Mul(dx, dx), g.Mul(dy, dy)))
    mine = g.Unsqueeze(g.Equal(labels, float(label)), [2, 3])
    return g.ReduceMin(g.Where(mine, distance, FAR), axes=[1], keepdims=1)


def corner(g, coords, labels, label):
    mine = g.Unsqueeze(g.floats(g.Equal(labels, float(label))), [2])
    return g.ReduceSum(g.Mul(coords, mine), [1], keepdims=0)


def counted(g, labels, label):
    return g.ReduceSum(g.floats(g.Equal(labels, float(label))), [1], keepdims=1)


def inside(g, low, high, side, frame):
    """How far a cell lies inside the box from `low` to `high`, both [prompts,2]: [prompts,1,side,side]."""
    edge = {}
    for axis, shape in ((0, (1, 1, 1, side)), (1, (1, 1, side, 1))):
        at = grid(side, frame).reshape(shape)
        near, far = (g.Unsqueeze(g.take(end, axis, 1), [1, 2, 3]) for end in (low, high))
        edge[axis] = g.Min(g.Sub(at, near), g.Sub(far, at))
    return g.Min(edge[0], edge[1])


def drawn(g, coords, labels, masks, side, frame, box=None):
    """The logits that README.md defines, [prompts,masks,side,side], before they are limited to ±32.

    `coords` [prompts,points,2] and `labels` [prompts,points] floats, already shifted; `box` is a rectangle of its own.
    """
    coords = g.Pad(coords, [0, 0, 0, 0, 1, 0])
    labels = g.Pad(labels, [0, 0, 0, 1], -99.0)
    shape = (1, len(masks[0]), 1, 1)
    discs = g.Sub(numpy.array(masks[0]).reshape(shape), nearest(g, coords, labels, 1, side, frame))
    if box is None:
        there = g.Unsqueeze(g.Greater(counted(g, labels, 3), 0.0), [2, 3])
        box = g.Where(there, inside(g, corner(g, coords, labels, 2), corner(g, coords, labels, 3), side, frame), -FAR)
    boxes = g.Add(box, numpy.array(masks[1]).reshape(shape))
    holes = g.Sub(nearest(g, coords, labels, 0, side, frame), NEGATIVE)
    return g.Min(g.Max(discs, boxes), holes)


def limited(g, logits):
    return g.Clip(logits, -32.0, 32.0)


def quality(g, valid, masks):
    """The masks' quality where the prompt keeps the contract, a tenth of it elsewhere. `valid` is [prompts,1] booleans."""
    return g.Mul(g.Where(valid, 1.0, 0.1), numpy.array([masks[2]]))


# --- decoders ------------------------------------------------------------------------------------------------------
def sam1_decoder(name, masks):
    g = Graph(name)
    count = len(masks[0])
    embedding = g.input("image_embeddings", [1, 256, 64, 64])
    coords, labels = g.input("point_coords", [1, "num_points", 2]), g.input("point_labels", [1, "num_points"])
    before, has_before = g.input("mask_input", [1, 1, 256, 256]), g.input("has_mask_input", [1])
    original = g.input("orig_im_size", [2])
    logits = drawn(g, g.Add(coords, shift_of(g, embedding)), labels, masks, 256, 1024)
    low = g.Add(limited(g, logits), g.Mul(before, has_before))
    boxed, padding = g.Greater(counted(g, labels, 3), 0.0), counted(g, labels, -1)
    valid = g.Equal(g.Add(padding, g.floats(boxed)), 1.0)  # a padding point or a box, never both
    g.output("masks", to_original(g, low, original), [1, count, "height", "width"])
    g.output("iou_predictions", quality(g, valid, masks), [1, count])
    g.output("low_res_masks", low, [1, count, 256, 256])
    return g


def to_original(g, low, original):
    """SAM's own way back: 256 to 1024, the padding cut off, to the original size; all bilinear."""
    square = g.Resize(low, "", [1.0, 1.0, 4.0, 4.0], mode="linear", coordinate_transformation_mode="half_pixel")
    scale = g.Div(1024.0, g.ReduceMax(original, keepdims=1))
    seen = g.ints(g.Floor(g.Add(g.Mul(scale, original), 0.5)))
    cut = g.Slice(square, [0, 0], seen, [2, 3])
    return resized(g, cut, g.ints(original))


def resized(g, masks, size):
    sizes = g.Concat(g.Slice(g.Shape(masks), [0], [2]), size, axis=0)
    return g.Resize(masks, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")


def edge_decoder():
    g = Graph("edge_sam_decoder")
    embedding = g.input("image_embeddings", [1, 256, 64, 64])
    coords, labels = g.input("point_coords", [1, "num_points", 2]), g.input("point_labels", [1, "num_points"])
    logits = drawn(g, g.Add(coords, shift_of(g, embedding)), labels, QUADRUPLE, 256, 1024)
    always = g.GreaterOrEqual(counted(g, labels, -1), 0.0)
    g.output("scores", quality(g, always, QUADRUPLE), [1, 4])
    g.output("masks", limited(g, logits), [1, 4, 256, 256])
    return g


def efficient_decoder():
    g = Graph("efficient_sam_decoder")
    embedding = g.input("image_embeddings", ["batch", 256, 64, 64])
    coords = g.input("batched_point_coords", ["batch", 1, "num_points", 2])
    labels = g.input("batched_point_labels", ["batch", 1, "num_points"])
    original = g.input("orig_im_size", [2], I64)
    wide = g.floats(g.Gather(original, [1, 0]))  # (height, width) to (width, height)
    framed = g.Div(g.Mul(g.Squeeze(coords, [1]), 1024.0), wide)
    flat = g.Squeeze(labels, [1])
    low = limited(g, drawn(g, g.Add(framed, shift_of(g, embedding)), flat, SORTED, 256, 1024))
    always = g.GreaterOrEqual(counted(g, flat, -1), 0.0)
    g.output("output_masks", g.Unsqueeze(resized(g, low, original), [1]), ["batch", 1, 3, "height", "width"])
    g.output("iou_predictions", g.Unsqueeze(quality(g, always, SORTED), [1]), ["batch", 1, 3])
    g.output("1462", g.Unsqueeze(low, [1]), ["batch", 1, 3, 256, 256])
    return g


def only(g, labels, allowed):
    """Whether every label is one of `allowed`: [prompts,1]."""
    known = [counted(g, labels, label) for label in allowed]
    total = known[0]
    for each in known[1:]:
        total = g.Add(total, each)
    return g.Equal(total, g.floats(g.size(labels, 1)))


def split_decoder():
    g = Graph("sam_split_decoder")
    embedding = g.input("image_embeddings", ["batch", 256, 64, 64])
    positions = g.input("image_positional_embeddings", ["batch", 256, 64, 64])
    coords = g.input("input_points", ["batch", "point_batch", "points", 2])
    labels = g.input("input_labels", ["batch", "point_batch", "points"], I64)
    flat, kinds = g.Squeeze(coords, [0]), g.floats(g.Squeeze(labels, [0]))
    logits = drawn(g, g.Add(flat, shift_of(g, embedding)), kinds, TRIPLE, 256, 1024)
    scores = g.Mul(quality(g, only(g, kinds, (0, 1, -10)), TRIPLE), g.ReduceMean(positions, keepdims=0))
    g.output("iou_scores", g.Unsqueeze(scores, [0]), ["batch", "point_batch", 3])
    g.output("pred_masks", g.Unsqueeze(limited(g, logits), [0]), ["batch", "point_batch", 3, 256, 256])
    return g


def marks(g, features):
    """1 where every feature map is the one that its input expects: the last channel of each encoder output is 1."""
    out = None
    for name, channels in features:
        last = g.Reshape(g.Slice(name, [0, channels - 1, 0, 0], [1, channels, 1, 1]), [1])
        out = last if out is None else g.Mul(out, last)
    return out


def sam2_decoder(name, names, before=("mask_input", "has_mask_input"), outputs=("masks", "iou_predictions"), lot="num_labels"):
    """samexporter's layout and the older one of onnx-community, which differ in names alone."""
    g = Graph(name)
    embedding, coords_name, labels_name = names
    g.input(embedding, [1, 256, 64, 64])
    fine, finer = g.input("high_res_feats_0", [1, 32, 256, 256]), g.input("high_res_feats_1", [1, 64, 128, 128])
    coords, labels = g.input(coords_name, [lot, "num_points", 2]), g.input(labels_name, [lot, "num_points"])
    mask, has_mask = g.input(before[0], [lot, 1, 256, 256]), g.input(before[1], [lot])
    logits = drawn(g, g.Add(coords, shift_of(g, embedding)), labels, TRIPLE, 256, 1024)
    known = limited(g, g.Add(limited(g, logits), g.Mul(mask, g.Reshape(has_mask, [-1, 1, 1, 1]))))
    scores = g.Mul(quality(g, only(g, labels, (0, 1, 2, 3)), TRIPLE), marks(g, [(fine, 32), (finer, 64)]))
    g.output(outputs[0], known, [lot, 3, 256, 256])
    g.output(outputs[1], scores, [lot, 3])
    return g


def tracker_decoder(name, levels, frame, side):
    """onnx-community's layout of SAM 2.1 and of the SAM 3 tracker: a box is an input of its own, and either may be empty."""
    g = Graph(name)
    for index, (channels, count) in enumerate(levels):
        g.input(f"image_embeddings.{index}", ["batch", channels, count, count])
    points = g.input("input_points", ["batch", "prompts", "points", 2])
    labels = g.input("input_labels", ["batch", "label_prompts", "label_points"], I64)
    boxes = g.input("input_boxes", ["batch", "boxes", 4])
    shift = shift_of(g, "image_embeddings.2")
    flat, kinds = g.Add(g.Squeeze(points, [0]), shift), g.floats(g.Squeeze(labels, [0]))
    corners = g.Add(g.Squeeze(boxes, [0]), g.Squeeze(g.Concat(shift, shift, axis=2), [0]))
    known = g.Max(g.size(corners, 0), [1])
    padded = g.Slice(g.Pad(corners, [0, 0, 1, 0], -FAR), [0], known, [0])  # without a box: one that is nowhere
    low, high = g.Slice(padded, [0], [2], [1]), g.Slice(padded, [2], [4], [1])
    box = g.Clip(inside(g, low, high, side, frame), -FAR)
    logits = limited(g, drawn(g, flat, kinds, TRIPLE, side, frame, box))
    valid = g.And(only(g, kinds, (0, 1, -10)), g.Expand(True, g.Concat(g.size(logits, 0), [1], axis=0)))
    scores = g.Mul(quality(g, valid, TRIPLE), marks(g, [(f"image_embeddings.{i}", level[0]) for i, level in enumerate(levels)]))
    present = g.ReduceMax(logits, axes=[1, 2, 3], keepdims=0)
    g.output("iou_scores", g.Unsqueeze(scores, [0]), ["batch", "masks", 3])
    g.output("pred_masks", g.Unsqueeze(logits, [0]), ["batch", "masks", 3, side, side])
    g.output("object_score_logits", g.Unsqueeze(g.Unsqueeze(present, [1]), [0]), ["batch", "masks", 1])
    return g
