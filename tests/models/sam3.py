"""Stand-ins for the layouts of SAM 3: see README.md for what they compute."""
import numpy

from graph import BOOL, I64, U8, Graph
from segmenters import cells, inside, limited, shift_of

SIDE, FRAME, CELL, QUERIES, CHANNELS = 288, 1008, 14, 16, 8
TEXT_BOX = [0.5, 0.5, 0.5, 0.5]


def levels(g, image, channels):
    """The same mean colours at 288, 144 and 72 cells a side, with the given channels."""
    out = []
    for count, factor in zip(channels, (4.0, 2.0, 1.0)):
        out.append(g.Resize(cells(g, image, CELL, count), "", [1.0, 1.0, factor, factor], mode="nearest",
                            coordinate_transformation_mode="asymmetric", nearest_mode="floor"))
    return out


def sides(batch, channels):
    return [[batch, count, SIDE // part, SIDE // part] for count, part in zip(channels, (1, 2, 4))]


def tracker_encoder():
    g = Graph("sam3_tracker_encoder")
    image = g.input("pixel_values", ["batch", 3, FRAME, FRAME])
    for index, (level, shape) in enumerate(zip(levels(g, image, (32, 64, 256)), sides("batch", (32, 64, 256)))):
        g.output(f"image_embeddings.{index}", level, shape)
    return g


# --- samexporter: three files --------------------------------------------------------------------------------------
def exporter_encoder():
    g = Graph("sam3_image_encoder")
    image = g.input("image", [3, FRAME, FRAME], U8)
    normal = g.Unsqueeze(g.Div(g.Sub(g.Div(g.floats(image), 255.0), 0.5), 0.5), [0])
    channels = (CHANNELS, CHANNELS, 256)
    for index, (level, shape) in enumerate(zip(levels(g, normal, channels), sides(1, channels))):
        g.output(f"vision_pos_enc_{index}", g.Expand(1.0, g.Shape(level)), shape)
        g.output(f"backbone_fpn_{index}", level, shape)
    return g


def exporter_text():
    g = Graph("sam3_language_encoder")
    tokens = g.input("tokens", [1, 32], I64)
    values = g.floats(tokens)
    g.output("text_attention_mask", g.Equal(tokens, 0), [1, 32], BOOL)
    g.output("text_memory", g.Expand(g.Reshape(values, [32, 1, 1]), [32, 1, 256]), [32, 1, 256])
    g.output("text_embeds", g.Expand(g.Reshape(values, [32, 1, 1]), [32, 1, 1024]), [32, 1, 1024])
    return g


def box_ends(g, boxes):
    """`boxes` [n,4] as centre and size: near and far corners, both [n,2]."""
    centre, size = g.Slice(boxes, [0], [2], [1]), g.Slice(boxes, [2], [4], [1])
    return g.Sub(centre, g.Mul(size, 0.5)), g.Add(centre, g.Mul(size, 0.5))


def exporter_decoder(full):
    """`full` declares what the exporter's simplifier takes away because nothing reads it."""
    g = Graph("sam3_decoder")
    height, width = g.input("original_height", [], I64), g.input("original_width", [], I64)
    channels = (CHANNELS, CHANNELS, 256)
    for index, shape in enumerate(sides(1, channels)):
        if full or index == 2:
            g.input(f"vision_pos_enc_{index}", shape)
    for index, shape in enumerate(sides(1, channels)):
        g.input(f"backbone_fpn_{index}", shape)
    padding = g.input("language_mask", [1, 32], BOOL)
    g.input("language_features", [32, 1, 256])
    if full:
        g.input("language_embeds", [32, 1, 1024])
    coords, labels = g.input("box_coords", [1, 1, 4]), g.input("box_labels", [1, 1], I64)
    absent = g.input("box_masks", [1, 1], BOOL)
    none = g.Reshape(absent, [1])
    box = g.Where(g.Reshape(absent, [1, 1]), numpy.array([TEXT_BOX]), g.Reshape(coords, [1, 4]))
    shift = g.Div(g.Reshape(shift_of(g, "backbone_fpn_2"), [1, 2]), float(FRAME))
    low, high = (g.Add(end, shift) for end in box_ends(g, box))
    score = exporter_score(g, labels, none, padding)
    size = g.Concat(g.Reshape(width, [1]), g.Reshape(height, [1]), axis=0)
    scale = g.floats(size)
    keep = g.Greater(score, 0.5)
    ends = [g.Mul(end, scale) for end in (low, high)]
    g.output("boxes", g.Compress(g.Concat(*ends, axis=1), keep, axis=0), ["instances", 4])
    g.output("scores", g.Compress(score, keep, axis=0), ["instances"])
    g.output("masks", g.Compress(rectangle(g, ends, height, width), keep, axis=0), ["instances", 1, "height", "width"], BOOL)
    return g


def exporter_score(g, labels, none, padding):
    """0.9 for a positive box, 0.75 for text alone, 0.1 for a negative box or a text mask that is the wrong way round."""
    positive = g.Reshape(g.Equal(labels, 1), [1])
    score = g.Where(none, 0.75, g.Where(positive, 0.9, 0.1))
    first, last = (g.Reshape(g.Slice(padding, [at], [at + 1], [1]), [1]) for at in (0, 31))
    sound = g.And(g.And(g.Not(first), last), g.Equal(marker(g), 1.0))
    return g.Where(sound, score, 0.1)


def marker(g):
    """1 if the levels came in their places: the last channel of each encoder output is 1."""
    last = [g.Reshape(g.Slice(f"backbone_fpn_{index}", [0, count - 1, 0, 0], [1, count, 1, 1]), [1])
            for index, count in enumerate((CHANNELS, CHANNELS, 256))]
    return g.Mul(g.Mul(last[0], last[1]), last[2])


def rectangle(g, ends, height, width):
    """Pixels whose centre lies between the corners, [1,1,height,width]."""
    out = None
    for axis, length, shape in ((0, width, [1, 1, 1, -1]), (1, height, [1, 1, -1, 1])):
        at = g.Reshape(g.Add(g.floats(g.Range(numpy.int64(0), length, numpy.int64(1))), 0.5), shape)
        near, far = (g.Reshape(g.take(end, axis, 1), [1, 1, 1, 1]) for end in ends)
        between = g.And(g.Greater(at, near), g.Less(at, far))
        out = between if out is None else g.And(out, between)
    return out


# --- usls: thresholds and exemplars stay with the host -------------------------------------------------------------
def usls_encoder():
    g = Graph("sam3_vision_encoder")
    image = g.input("images", ["batch", 3, FRAME, FRAME])
    channels = (CHANNELS, CHANNELS, 256)
    every = levels(g, image, channels)
    for index, (level, shape) in enumerate(zip(every, sides("batch", channels))):
        g.output(f"fpn_feat_{index}", level, shape)
    g.output("fpn_pos_2", g.Expand(1.0, g.Shape(every[2])), ["batch", 256, 72, 72])
    return g


def usls_text():
    g = Graph("sam3_text_encoder")
    ids, mask = g.input("input_ids", ["batch", 32], I64), g.input("attention_mask", ["batch", 32], I64)
    g.output("text_features", g.Expand(g.Unsqueeze(g.floats(ids), [2]), [1, 1, 256]), ["batch", 32, 256])
    g.output("text_mask", g.Equal(mask, 1), ["batch", 32], BOOL)
    return g


def usls_decoder():
    g = Graph("sam3_geo_encoder_mask_decoder")
    channels = (CHANNELS, CHANNELS, 256)
    for index, shape in enumerate(sides("batch", channels)):
        g.input(f"fpn_feat_{index}", shape)
    g.input("fpn_pos_2", ["batch", 256, 72, 72])
    g.input("text_features", ["batch", 32, 256])
    mask = g.input("text_mask", ["batch", 32], BOOL)
    boxes, labels = g.input("input_boxes", ["batch", "boxes", 4]), g.input("input_boxes_labels", ["batch", "boxes"], I64)
    kinds = g.Slice(g.Pad(g.floats(g.Squeeze(labels, [0])), [0, QUERIES], -10.0), [0], [QUERIES], [0])
    given = g.Slice(g.Pad(g.Squeeze(boxes, [0]), [0, 0, QUERIES, 0]), [0], [QUERIES], [0])
    text_only = g.Equal(g.ReduceMax(kinds, keepdims=1), -10.0)
    first = g.And(text_only, numpy.arange(QUERIES) == 0)
    shown = g.Where(g.Unsqueeze(first, [1]), numpy.array([TEXT_BOX]), given)
    shift = g.Div(g.Reshape(shift_of(g, "fpn_feat_2"), [1, 2]), float(FRAME))
    low, high = (g.Add(end, shift) for end in box_ends(g, shown))
    logits = g.Where(first, 2.0, g.Where(g.Equal(kinds, 1.0), 3.0, g.Where(g.Equal(kinds, 0.0), -3.0, -6.0)))
    pixels = [g.Mul(end, float(FRAME)) for end in (low, high)]
    masks = g.Reshape(limited(g, inside(g, *pixels, SIDE, FRAME)), [1, QUERIES, SIDE, SIDE])
    g.output("pred_masks", masks, ["batch", QUERIES, SIDE, SIDE])
    g.output("pred_boxes", g.Unsqueeze(g.Concat(low, high, axis=1), [0]), ["batch", QUERIES, 4])
    g.output("pred_logits", g.Unsqueeze(logits, [0]), ["batch", QUERIES])
    first_token = g.Slice(mask, [0], [1], [1])
    g.output("presence_logits", g.Where(first_token, 4.0, -4.0), ["batch", 1])
    return g
