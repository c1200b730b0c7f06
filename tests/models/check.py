#!/usr/bin/env python3
"""Runs every stand-in through ONNX Runtime and compares it with the formulas of README.md, worked out here in numpy."""
import pathlib
import sys

import numpy
import onnxruntime

HERE = pathlib.Path(__file__).parent
MEAN, STD = numpy.array([123.675, 116.28, 103.53]), numpy.array([58.395, 57.12, 57.375])
TRIPLE = ([32, 64, 128], [-16, 0, 16], [0.7, 0.9, 0.6])
SORTED = ([64, 32, 128], [0, -16, 16], [0.9, 0.7, 0.6])
SINGLE, QUADRUPLE = ([64], [0], [0.9]), ([96, 32, 64, 128], [4, -16, 0, 16], [0.5, 0.7, 0.9, 0.6])
F, I = "float32", "int64"
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
options.intra_op_num_threads = 1


def run(model, path, **feeds):
    session = onnxruntime.InferenceSession(str(HERE / model / path), options, providers=["CPUExecutionProvider"])
    names = {each.name for each in session.get_inputs()}
    feeds = {name.replace("__", "."): value for name, value in feeds.items()}
    assert names == set(feeds), f"{model}/{path}: inputs {names} but fed {set(feeds)}"
    return dict(zip((each.name for each in session.get_outputs()), session.run(None, feeds)))


def close(label, got, wanted, tolerance=1e-3):
    got, wanted = numpy.asarray(got), numpy.asarray(wanted)
    assert got.shape == wanted.shape, f"{label}: shape {got.shape}, expected {wanted.shape}"
    off = numpy.abs(got.astype(float) - wanted).max(initial=0)
    assert off <= tolerance, f"{label}: off by {off}"


def picture(side):
    """A normalised square with a colour of its own in every cell: [1,3,side,side]."""
    return numpy.random.default_rng(7).normal(0, 1, (1, 3, side, side)).astype(F)


def cells(image, count, channels):
    cell = image.shape[-1] // count
    out = numpy.zeros((1, channels, count, count))
    out[:, :3] = image.reshape(1, 3, count, cell, count, cell).mean((3, 5))
    out[:, -1] = 1
    return out


def drawn(embedding, points, masks, side, frame, box=None):
    """The logits of README.md: points are (x, y, label), box is (x1, y1, x2, y2). [masks,side,side]"""
    shift = 16 * embedding[0, [0, 2], 0, 0]
    at = (numpy.arange(side) + 0.5) * frame / side
    x, y = at[None, :], at[:, None]
    points = [(px + shift[0], py + shift[1], label) for px, py, label in points]

    def distance(kind):
        return numpy.min([numpy.hypot(x - px, y - py) for px, py, label in points if label == kind] or [numpy.full((side, side), 1e4)], axis=0)
    corners = {label: (px, py) for px, py, label in points}
    if box is not None:
        corners = {2: box[:2] + shift, 3: box[2:] + shift}
    inside = numpy.full((side, side), -1e4)
    if 3 in corners:
        (x1, y1), (x2, y2) = corners[2], corners[3]
        inside = numpy.min(numpy.broadcast_arrays(x - x1, x2 - x, y - y1, y2 - y), axis=0)
    out = [numpy.minimum(numpy.maximum(r - distance(1), inside + m), distance(0) - 32) for r, m in zip(*masks[:2])]
    return numpy.clip(numpy.array(out), -32, 32)


def prompt(points, *shape, kind=F):
    coords = numpy.array([p[:2] for p in points], F).reshape(*shape, len(points), 2)
    return coords, numpy.array([p[2] for p in points], kind).reshape(*shape, len(points))


CLICKS = [(400, 300, 1), (520, 330, 1), (430, 300, 0)]
BOX = [(200, 220, 2), (600, 500, 3)]
PAD = [(0, 0, -1)]


def interpolate(image, height, width):
    """Bilinear with half-pixel centres and clamped edges, over the last two axes."""
    def weights(size, new):
        at = numpy.clip((numpy.arange(new) + 0.5) * size / new - 0.5, 0, size - 1)
        low = numpy.minimum(numpy.floor(at).astype(int), size - 2)
        return low, at - low
    (r, f), (c, g) = weights(image.shape[-2], height), weights(image.shape[-1], width)
    rows = image[..., r, :] * (1 - f)[:, None] + image[..., r + 1, :] * f[:, None]
    return rows[..., c] * (1 - g) + rows[..., c + 1] * g


def back(low, height, width):
    square = interpolate(low, 1024, 1024)
    scale = 1024 / max(height, width)
    return interpolate(square[..., :int(scale * height + 0.5), :int(scale * width + 0.5)], height, width)


def sam1():
    image = picture(1024)
    embedding = run("sam1", "encoder.onnx", input_image=image)["image_embeddings"]
    close("sam1 encoder", embedding, cells(image, 64, 256))
    close("edge-sam encoder", run("edge-sam", "encoder.onnx", image=image)["image_embeddings"], cells(image, 64, 256))
    raw = numpy.random.default_rng(1).integers(0, 256, (700, 1024, 3)).astype(F)
    square = numpy.zeros((1, 3, 1024, 1024))
    square[0, :, :700] = ((raw - MEAN) / STD).transpose(2, 0, 1)
    close("sam1-hwc encoder", run("sam1-hwc", "encoder.onnx", input_image=raw)["image_embeddings"], cells(square, 64, 256))
    before = numpy.full((1, 1, 256, 256), 3, F)
    for model, masks in (("sam1", SINGLE), ("sam1-multimask", QUADRUPLE)):
        for points, valid in ((CLICKS + PAD, 1), (CLICKS, .1), (BOX, 1), (BOX + PAD, .1), (CLICKS + BOX, 1), (PAD, 1)):
            for has in (0, 1):
                coords, labels = prompt(points, 1)
                out = run(model, "decoder.onnx", image_embeddings=embedding, point_coords=coords, point_labels=labels,
                          mask_input=before, has_mask_input=numpy.array([has], F), orig_im_size=numpy.array([427, 640], F))
                low = drawn(embedding, points, masks, 256, 1024) + 3 * has
                close(model, out["low_res_masks"], low[None])
                close(model, out["masks"], back(low, 427, 640)[None], 0.02)
                close(model, out["iou_predictions"], [numpy.array(masks[2]) * valid])
    coords, labels = prompt(CLICKS + BOX, 1)
    out = run("edge-sam", "decoder.onnx", image_embeddings=embedding, point_coords=coords, point_labels=labels)
    close("edge-sam", out["masks"], drawn(embedding, CLICKS + BOX, QUADRUPLE, 256, 1024)[None])
    close("edge-sam", out["scores"], [QUADRUPLE[2]])


def efficient_sam():
    image = numpy.random.default_rng(2).random((1, 3, 1024, 1024)).astype(F)
    normal = (image - MEAN.reshape(1, 3, 1, 1) / 255) / (STD.reshape(1, 3, 1, 1) / 255)
    embedding = run("efficient-sam", "encoder.onnx", batched_images=image)["image_embeddings"]
    close("efficient-sam encoder", embedding, cells(normal, 64, 256))
    close("efficient-sam shape", run("efficient-sam", "encoder.onnx", batched_images=image[:, :, :300, :500])["image_embeddings"].shape,
          [1, 256, 64, 64])
    points = [(250, 100, 1), (60, 90, 2), (200, 150, 3)]
    coords, labels = prompt(points, 1, 1)
    out = run("efficient-sam", "decoder.onnx", image_embeddings=embedding, batched_point_coords=coords, batched_point_labels=labels,
              orig_im_size=numpy.array([200, 400], I))
    low = drawn(embedding, [(x * 1024 / 400, y * 1024 / 200, kind) for x, y, kind in points], SORTED, 256, 1024)
    close("efficient-sam", out["output_masks"], interpolate(low, 200, 400)[None, None], 0.02)
    close("efficient-sam", out["iou_predictions"], [[SORTED[2]]])


def sam_split():
    image = picture(1024)
    encoded = run("sam-split", "vision_encoder.onnx", pixel_values=image)
    close("sam-split encoder", encoded["image_embeddings"], cells(image, 64, 256))
    for points, valid in ((CLICKS, 1), (CLICKS + [(0, 0, -10)], 1), (BOX, .1), (CLICKS + PAD, .1)):
        coords, labels = prompt(points, 1, 1, kind=I)
        out = run("sam-split", "prompt_encoder_mask_decoder.onnx", **encoded, input_points=coords, input_labels=labels)
        close("sam-split", out["pred_masks"], drawn(encoded["image_embeddings"], points, TRIPLE, 256, 1024)[None, None])
        close("sam-split", out["iou_scores"], [[numpy.array(TRIPLE[2]) * valid]])


def sam2():
    image = picture(1024)
    for model, image_name, embedding, names, mask_names, masks, scores in (
            ("sam2", "image", "image_embed", ("point_coords", "point_labels"), ("mask_input", "has_mask_input"), "masks", "iou_predictions"),
            ("sam2-community", "pixel_values", "image_embeddings", ("input_points", "input_labels"), ("input_masks", "has_input_masks"),
             "pred_masks", "iou_scores")):
        encoded = run(model, "encoder.onnx", **{image_name: image})
        for name, count, channels in ((embedding, 64, 256), ("high_res_feats_0", 256, 32), ("high_res_feats_1", 128, 64)):
            close(f"{model} {name}", encoded[name], cells(image, count, channels))
        for points, valid in ((CLICKS, 1), (BOX, 1), (CLICKS + PAD, .1)):
            coords, labels = prompt(points, 1)
            out = run(model, "decoder.onnx", **encoded, **{names[0]: coords, names[1]: labels, mask_names[0]: numpy.zeros((1, 1, 256, 256), F),
                                                           mask_names[1]: numpy.zeros(1, F)})
            close(model, out[masks], drawn(encoded[embedding], points, TRIPLE, 256, 1024)[None])
            close(model, out[scores], [numpy.array(TRIPLE[2]) * valid])


def tracker(model, frame, count, side):
    image = picture(frame)
    encoded = run(model, "vision_encoder.onnx", pixel_values=image)
    close(model, encoded["image_embeddings.2"], cells(image, count, 256))
    if frame % 256 == 0:
        close(model, encoded["image_embeddings.0"], cells(image, 256, 32))
    else:
        close(model, encoded["image_embeddings.0"][0, :3], cells(image, count, 4)[0, :3].repeat(4, 1).repeat(4, 2))
    feeds = {name.replace(".", "__"): value for name, value in encoded.items()}
    embedding, corners = encoded["image_embeddings.2"], numpy.array([200, 220, 600, 500], F)
    for points, box in ((CLICKS, None), ([], corners), (CLICKS, corners)):
        coords, labels = prompt(points, 1, 1, kind=I)
        boxes = numpy.zeros((1, 0, 4), F) if box is None else box.reshape(1, 1, 4)
        out = run(model, "prompt_encoder_mask_decoder.onnx", **feeds, input_points=coords, input_labels=labels, input_boxes=boxes)
        wanted = drawn(embedding, points, TRIPLE, side, frame, box)
        close(model, out["pred_masks"], wanted[None, None])
        close(model, out["iou_scores"], [[TRIPLE[2]]])
        close(model, out["object_score_logits"], [[[wanted.max()]]])
    boxes = numpy.stack([corners, corners + 30])[None]
    out = run(model, "prompt_encoder_mask_decoder.onnx", **feeds, input_points=numpy.zeros((1, 1, 0, 2), F),
              input_labels=numpy.zeros((1, 2, 0), I), input_boxes=boxes)
    close(model, out["pred_masks"], [[drawn(embedding, [], TRIPLE, side, frame, box) for box in boxes[0]]])
    close(model, out["iou_scores"], [[TRIPLE[2]] * 2])


def sam3():
    raw = numpy.random.default_rng(3).integers(0, 256, (3, 1008, 1008)).astype("uint8")
    normal = ((raw / 255 - 0.5) / 0.5)[None]
    tokens = numpy.zeros((1, 32), I)
    tokens[0, :3] = 49406, 7, 49407
    for model in ("sam3", "sam3-full"):
        vision = run(model, "sam3_image_encoder.onnx", image=raw)
        close(model, vision["backbone_fpn_2"], cells(normal, 72, 256))
        text = run(model, "sam3_language_encoder.onnx", tokens=tokens)
        close(model, text["text_attention_mask"], tokens == 0)
        feeds = vision if model == "sam3-full" else {name: value for name, value in vision.items() if name not in ("vision_pos_enc_0", "vision_pos_enc_1")}
        feeds = dict(feeds, language_mask=text["text_attention_mask"], language_features=text["text_memory"],
                     original_height=numpy.array(300, I), original_width=numpy.array(500, I))
        if model == "sam3-full":
            feeds["language_embeds"] = text["text_embeds"]
        shift = 16 * vision["backbone_fpn_2"][0, [0, 2], 0, 0] / 1008
        for label, absent, score in ((1, False, .9), (0, False, None), (1, True, .75)):
            centre, size = ((.5, .5), (.5, .5)) if absent else ((.4, .3), (.2, .1))
            out = run(model, "sam3_decoder.onnx", **feeds, box_coords=numpy.array([[[.4, .3, .2, .1]]], F),
                      box_labels=numpy.array([[label]], I), box_masks=numpy.array([[absent]]))
            ends = [((c + shift[i] + sign * s / 2) * (500, 300)[i]) for sign in (-1, 1) for i, (c, s) in enumerate(zip(centre, size))]
            close(model, out["scores"], [] if score is None else [score])
            close(model, out["boxes"], numpy.zeros((0, 4)) if score is None else [ends], 0.01)
            x, y = numpy.arange(500) + .5, (numpy.arange(300) + .5)[:, None]
            mask = (x > ends[0]) & (x < ends[2]) & (y > ends[1]) & (y < ends[3])
            assert out["masks"].dtype == bool
            close(model, out["masks"], numpy.zeros((0, 1, 300, 500)) if score is None else mask[None, None], 0)


def sam3_usls():
    image = picture(1008)
    vision = run("sam3-usls", "vision-encoder.onnx", images=image)
    close("sam3-usls", vision["fpn_feat_2"], cells(image, 72, 256))
    ids = numpy.full((1, 32), 49407, I)
    text = run("sam3-usls", "text-encoder.onnx", input_ids=ids, attention_mask=numpy.eye(1, 32, dtype=I))
    shift = 16 * vision["fpn_feat_2"][0, [0, 2], 0, 0] / 1008
    for boxes, labels, logits in (([[.4, .3, .2, .1], [.7, .7, .1, .1]], [1, 0], [3, -3]), ([[0, 0, 0, 0]], [-10], [2])):
        out = run("sam3-usls", "geo-encoder-mask-decoder.onnx", **vision, **text, input_boxes=numpy.array([boxes], F),
                  input_boxes_labels=numpy.array([labels], I))
        close("sam3-usls", out["pred_logits"][0], logits + [-6] * (16 - len(logits)))
        close("sam3-usls", out["presence_logits"], [[4]])
        x, y, w, h = (.5, .5, .5, .5) if labels == [-10] else boxes[0]
        ends = [x - w / 2 + shift[0], y - h / 2 + shift[1], x + w / 2 + shift[0], y + h / 2 + shift[1]]
        close("sam3-usls", out["pred_boxes"][0, 0], ends)
        wanted = drawn(numpy.zeros((1, 3, 1, 1)), [], ([0], [0]), 288, 1008, numpy.array(ends) * 1008)
        close("sam3-usls", out["pred_masks"][0, 0], wanted[0])


def colour_vector(image, length):
    h, w = image.shape[2] // 2, image.shape[3] // 2
    parts = [part.mean((2, 3))[0] for part in (image, image[..., :w], image[:, :, :h])]
    return numpy.concatenate([*parts, [1], numpy.zeros(length - 10)])[None]


def text_vector(end, ids, length):
    out = numpy.zeros((1, length))
    out[0, :4], out[0, 9] = (end, ids.mean() / 1000, ids.shape[1], ids[0, 0]), 1
    return out


def embedders():
    image = picture(224)
    ids = numpy.array([[49406, 320, 1125, 49407] + [49407] * 73], I)
    for model, files, inputs, outputs in (("clip", ("vision_model.onnx", "text_model.onnx"), ("pixel_values", "input_ids"), ("image_embeds", "text_embeds")),
                                          ("clip-openai", ("visual.onnx", "textual.onnx"), ("input", "text"), ("output", "output"))):
        close(model, run(model, files[0], **{inputs[0]: image})[outputs[0]], colour_vector(image, 512))
        close(model, run(model, files[1], **{inputs[1]: ids})[outputs[1]], text_vector(3, ids, 512))
    out = run("siglip", "vision_model.onnx", pixel_values=image)
    close("siglip", out["pooler_output"], colour_vector(image, 768))
    close("siglip", out["last_hidden_state"].shape, [1, 196, 768])
    ids = numpy.array([[262, 266, 1714] + [1] * 61], I)
    close("siglip", run("siglip", "text_model.onnx", input_ids=ids)["pooler_output"], text_vector(1, ids, 768))
    for model, patch, registers in (("dinov2", 14, 0), ("dinov3", 16, 4)):
        for shape in ((1, 3, 224, 224), (1, 3, 112, 336)):
            image = numpy.random.default_rng(5).normal(0, 1, shape).astype(F)
            out = run(model, "model.onnx", pixel_values=image)
            rows, columns = shape[2] // patch, shape[3] // patch
            tokens = numpy.zeros((1, rows * columns, 384))
            tokens[0, :, :3] = image.reshape(3, rows, patch, columns, patch).mean((2, 4)).reshape(3, -1).T
            vector = colour_vector(image, 384)
            close(model, out["last_hidden_state"], numpy.concatenate([vector[None], numpy.full((1, registers, 384), 7), tokens], 1))
            if "pooler_output" in out:
                close(model, out["pooler_output"], vector)
    image = picture(224)
    out = run("efficientnet", "model.onnx", image=image)
    close("efficientnet", out["embedding"], colour_vector(image, 1280))
    close("efficientnet", out["logits"], colour_vector(image, 1000))


def scene(side, normal, bgr):
    """A red and a blue rectangle in a frame, as the family wants it, and their corners."""
    frame = numpy.full((3, side, side), 114.0)
    red, blue = (40, 60, 168, 130), (200, 90, 290, 250)
    for (x0, y0, x1, y1), colour in ((red, (230, 20, 20)), (blue, (20, 20, 230))):
        frame[:, y0:y1, x0:x1] = numpy.array(colour)[:, None, None]
    frame = (frame - numpy.reshape(normal[0], (3, 1, 1))) / numpy.reshape(normal[1], (3, 1, 1))
    return (frame[::-1] if bgr else frame)[None].astype(F), numpy.array([red, blue], float)


def detectors():
    unit, imagenet = ([0] * 3, [255] * 3), (MEAN, STD)
    score = 230 / 255
    image, boxes = scene(640, unit, False)
    centred = numpy.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], 1)
    sides = centred[[0, 0, 1]] + [[0] * 4, [2, 0, 0, 0], [0] * 4]
    scores = numpy.array([[0, 0, score], [0, 0, 0.9 * score], [score, 0, 0]])
    for model in ("yolo", "yolo-seg", "yolo-obb"):
        out = run(model, "model.onnx", images=image)["output0"]
        close(model, out[0, :4, :3].T, sides)
        close(model, out[0, 4:7, :3].T, scores)
        close(model, out[0, :, 3:], numpy.zeros_like(out[0, :, 3:]))
        if model == "yolo-obb":
            close(model, out[0, 7, :3], [0.5, 0.5, 0])
    rows = numpy.concatenate([boxes, [[score, 2], [score, 0]]], 1)
    for model in ("yolo-end2end", "yolo-seg-nms"):
        close(model, run(model, "model.onnx", images=image)["output0"][0, :2, :6], rows)
    close("yolo-rtdetr", run("yolo-rtdetr", "model.onnx", images=image)["output0"][0, :2, :4], centred / 640)
    out = run("yolov5", "model.onnx", images=image)["output0"]
    close("yolov5", out[0, :3], numpy.concatenate([sides, numpy.full((3, 1), 0.96), scores / 0.96], 1))
    out = run("yolov7-nms", "model.onnx", images=image)
    close("yolov7-nms", out["det_boxes"][0, :2], boxes)
    close("yolov7-nms", out["det_classes"][0, :3], [2, 0, 0])
    close("yolov7-nms", out["num_dets"], [[2]])
    out = run("detr", "model.onnx", images=image, orig_target_sizes=numpy.array([[320, 1280]], I))
    close("detr", out["boxes"][0, :2], boxes * [0.5, 2, 0.5, 2])
    close("detr", out["labels"][0, :3], [2, 0, 0])
    out = run("detr-seg", "model.onnx", images=image)
    close("detr-seg", out["boxes"][0], boxes)
    close("detr-seg", out["masks"][0, :, 25, 30], 1 / (1 + numpy.exp([-4.0, 4.0])))
    out = run("detr-hf", "model.onnx", pixel_values=image)
    close("detr-hf", 1 / (1 + numpy.exp(-out["logits"][0, :2])), [[0, score / 2, score], [score, 0, 0]])
    close("detr-hf", out["pred_boxes"][0, :2], centred / 640)
    image, boxes = scene(384, imagenet, False)
    out = run("rf-detr", "model.onnx", input=image)
    close("rf-detr", out["dets"][0, :2], centred / 384)
    close("rf-detr", 1 / (1 + numpy.exp(-out["labels"][0, :2, :3])), [[0, score / 2, score], [score, 0, 0]])
    image, boxes = scene(416, ([0] * 3, [1] * 3), True)
    close("yolox-decoded", run("yolox-decoded", "model.onnx", images=image)["output"][0, :3, :4], sides)
    out = run("yolox", "model.onnx", images=image)["output"][0, :3]
    close("yolox", (out[:, :2] + [[0, 0], [1, 0], [2, 0]]) * 8, sides[:, :2])
    close("yolox", numpy.exp(out[:, 2:4]) * 8, sides[:, 2:])
    image, boxes = scene(416, imagenet, False)
    out = run("picodet-nms", "model.onnx", image=image, scale_factor=numpy.array([[2, 0.5]], F))
    rows, count = out.values()
    close("picodet-nms", rows, numpy.concatenate([[[2, score], [0, score]], boxes * [2, 0.5, 2, 0.5]], 1))
    close("picodet-nms", count, [2])
    levels = {"picodet": list(run("picodet", "model.onnx", image=image).values())}
    image, boxes = scene(416, imagenet, True)
    levels["nanodet"] = list(run("nanodet", "model.onnx", input__1=image).values())
    for model, out in levels.items():  # both are in the third level, of 13 x 13 cells
        half = len(out) // 2
        for box, centre, one in zip(boxes, centred[:, :2], ((0, 0, score), (score, 0, 0))):
            column, row = (centre // 32).astype(int)
            close(model, out[2][0, row * 13 + column], one)
            bins = numpy.exp(out[half + 2][0, row * 13 + column].reshape(4, 8))
            away = bins / bins.sum(1, keepdims=True) @ numpy.arange(8) * 32
            middle = (numpy.array([column, row]) + 0.5) * 32
            close(model, away, numpy.concatenate([middle - box[:2], box[2:] - middle]), 0.01)
    close("nanodet-plus", run("nanodet-plus", "model.onnx", data=image)["output"].shape, [1, 3598, 35])
    image, boxes = scene(352, unit, True)
    table = run("fastestdet", "model.onnx", input__1=image)["758"][0]
    for centre, size, one in zip(centred[:, :2], centred[:, 2:], ((0, 0, score), (score, 0, 0))):
        column, row = (centre // 16).astype(int)
        cell = table[:, row, column]
        close("fastestdet", [cell[0], *cell[5:]], [score, *one])
        close("fastestdet", numpy.tanh(cell[1:3]), centre / 16 - [column, row])
        close("fastestdet", 1 / (1 + numpy.exp(-cell[3:5])), size / 352)


def main():
    wanted = sys.argv[1:]
    for name, check in {"sam1": sam1, "efficient_sam": efficient_sam, "sam_split": sam_split, "sam2": sam2,
                        "sam2.1": lambda: tracker("sam2.1-community", 1024, 64, 256),
                        "sam3-tracker": lambda: tracker("sam3-tracker", 1008, 72, 288),
                        "sam3": sam3, "sam3-usls": sam3_usls, "embedders": embedders, "detectors": detectors}.items():
        if not wanted or name in wanted:
            check()
            print("ok", name, flush=True)


if __name__ == "__main__":
    main()
