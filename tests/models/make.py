#!/usr/bin/env python3
"""Writes the stand-in models of this folder, one folder a model with its manifest: make.py

Needs the PyPI packages of requirements.txt; with these versions the same bytes come out every time. README.md says
what each model computes, check.py that it does.
"""
import hashlib
import json
import pathlib

import detectors
import embedders
import sam3
import segmenters
import word_detectors
from segmenters import QUADRUPLE, SINGLE

HERE = pathlib.Path(__file__).parent
SAM2 = [("high_res_feats_0", 32, 256), ("high_res_feats_1", 64, 128)]
LEVELS = [("image_embeddings.0", 32, 256), ("image_embeddings.1", 64, 128), ("image_embeddings.2", 256, 64)]


def sam2_encoder(name, image, embedding):
    return segmenters.flat_encoder(name, image, [*SAM2, (embedding, 256, 64)], 1024)


def tracker(name, frame, side):
    channels = [(count, side // part) for count, part in zip((32, 64, 256), (1, 2, 4))]
    return segmenters.tracker_decoder(name, channels, frame, side)


def clip(visual, textual, inputs, outputs, tokens):
    return {"encoder": (visual, embedders.vision("clip_visual", inputs[0], outputs[0], 224, 512)),
            "text": (textual, embedders.clip_text("clip_textual", inputs[1], outputs[1], 512, tokens)),
            "tokenizer": ("tokenizer.json", embedders.Raw((HERE / "clip/tokenizer.json").read_bytes()))}


def pair(encoder, decoder, names=("encoder.onnx", "decoder.onnx")):
    return {"encoder": (names[0], encoder), "decoder": (names[1], decoder)}


SPLIT = ("vision_encoder.onnx", "prompt_encoder_mask_decoder.onnx")
SAM3 = ("sam3_image_encoder.onnx", "sam3_decoder.onnx")


def clip_words():
    return {"tokenizer": ("tokenizer.json", embedders.Raw((HERE / "clip/tokenizer.json").read_bytes()))}


def sam3_files(full):
    return {**pair(sam3.exporter_encoder(), sam3.exporter_decoder(full), SAM3),
            "text": ("sam3_language_encoder.onnx", sam3.exporter_text()), **clip_words()}


# name of the model and its folder: task, family, side of the input, its files by role
MODELS = {
    "sam1": ("segment", "sam1", 1024, pair(segmenters.sam1_encoder(), segmenters.sam1_decoder("sam1_decoder", SINGLE))),
    "sam1-multimask": ("segment", "sam1", 1024,
                       pair(segmenters.sam1_encoder(), segmenters.sam1_decoder("sam1_decoder_multimask", QUADRUPLE))),
    "sam1-hwc": ("segment", "sam1", 1024, pair(segmenters.hwc_encoder(), segmenters.sam1_decoder("sam1_decoder", SINGLE))),
    "efficient-sam": ("segment", "efficient_sam", 1024, pair(segmenters.efficient_encoder(), segmenters.efficient_decoder())),
    "edge-sam": ("segment", "edge_sam", 1024,
                 pair(segmenters.flat_encoder("edge_sam_encoder", "image", [("image_embeddings", 256, 64)], 1024),
                      segmenters.edge_decoder())),
    "sam-split": ("segment", "sam_split", 1024, pair(segmenters.split_encoder(), segmenters.split_decoder(), SPLIT)),
    "sam2": ("segment", "sam2", 1024, pair(
        sam2_encoder("sam2_encoder", "image", "image_embed"),
        segmenters.sam2_decoder("sam2_decoder", ("image_embed", "point_coords", "point_labels")))),
    "sam2-community": ("segment", "sam2", 1024, pair(
        sam2_encoder("sam2_community_encoder", "pixel_values", "image_embeddings"),
        segmenters.sam2_decoder("sam2_community_decoder", ("image_embeddings", "input_points", "input_labels"),
                                ("input_masks", "has_input_masks"), ("pred_masks", "iou_scores"), 1))),
    "sam2.1-community": ("segment", "sam2", 1024, pair(
        segmenters.flat_encoder("sam21_encoder", "pixel_values", LEVELS, 1024, "batch"), tracker("sam21_decoder", 1024, 256), SPLIT)),
    "sam3": ("segment", "sam3", 1008, sam3_files(False)),
    "sam3-full": ("segment", "sam3", 1008, sam3_files(True)),
    "sam3-usls": ("segment", "sam3", 1008, {
        **pair(sam3.usls_encoder(), sam3.usls_decoder(), ("vision-encoder.onnx", "geo-encoder-mask-decoder.onnx")),
        "text": ("text-encoder.onnx", sam3.usls_text()), **clip_words()}),
    "sam3-tracker": ("segment", "sam3", 1008, pair(sam3.tracker_encoder(), tracker("sam3_tracker_decoder", 1008, 288), SPLIT)),
    "clip-openai": ("embed", "clip", 224, clip("visual.onnx", "textual.onnx", ("input", "text"), ("output", "output"), 77)),
    "clip": ("embed", "clip", 224, clip("vision_model.onnx", "text_model.onnx", ("pixel_values", "input_ids"),
                                        ("image_embeds", "text_embeds"), "sequence_length")),
    "siglip": ("embed", "siglip", 224, {"encoder": ("vision_model.onnx", embedders.siglip_vision()),
                                        "text": ("text_model.onnx", embedders.siglip_text()),
                                        "tokenizer": ("tokenizer.json", embedders.small_pieces())}),
    "dinov2": ("embed", "dinov2", 224, {"encoder": ("model.onnx", embedders.dino("dinov2", 14, 384, 0, False))}),
    "dinov3": ("embed", "dinov3", 224, {"encoder": ("model.onnx", embedders.dino("dinov3", 16, 384, 4, True))}),
    "efficientnet-words": ("embed", "efficientnet", 224, {
        "encoder": ("model.onnx", embedders.efficientnet()), "text": ("text.onnx", embedders.sentence_text()),
        "vocab": ("vocab.txt", embedders.small_vocabulary()), "map": ("map.npy", embedders.stretch_map())}),
    "efficientnet": ("embed", "efficientnet", 224, {"encoder": ("model.onnx", embedders.efficientnet())}),
}
MODELS |= {
    "owl": ("text_detect", "owl", 768, {"model": ("model.onnx", word_detectors.owl(768, 576)), **clip_words()}),
    "owl-v2": ("text_detect", "owl", 960, {"model": ("model.onnx", word_detectors.owl(960, 3600)), **clip_words()}),
    "grounding-dino": ("text_detect", "grounding_dino", None, {
        "model": ("model.onnx", word_detectors.grounding_hf()), "tokenizer": ("tokenizer.json", word_detectors.bert_words())}),
    "grounding-dino-xal": ("text_detect", "grounding_dino", None, {
        "model": ("model.onnx", word_detectors.grounding_xal()), "tokenizer": ("tokenizer.json", word_detectors.bert_words())}),
    "yolo-world": ("text_detect", "yolo_world", 640, {
        "model": ("model.onnx", word_detectors.yolo_world()),
        "text": ("text_model.onnx", embedders.clip_text("clip_textual", "input_ids", "text_embeds", 512, "sequence_length")), **clip_words()}),
}
MODELS |= {
    name: ("text_detect", "yoloe", 640, {
        "model": ("model.onnx", word_detectors.yoloe(finished)),
        "text": ("textual.onnx", embedders.clip_text("mobileclip_textual", "texts", "vectors", 512, 77)), **clip_words()})
    for name, finished in (("yoloe", False), ("yoloe-26", True))
}
MODELS |= {name: ("detect", family, side, {"model": ("model.onnx", graph())}) for name, (family, side, graph, _) in detectors.MODELS.items()}
DIMENSIONS = {"clip": 512, "clip-openai": 512, "siglip": 768, "dinov2": 384, "dinov3": 384, "efficientnet": 1280, "efficientnet-words": 1280}


def manifest(name, task, family, side, files):
    lines = ["# Written by make.py. Keys: scripts/models/mobilesam.toml.", f'name = "stand-in-{name}"',
             f'title = "Stand-in for {name}"', f'task = "{task}"', f'family = "{family}"', 'licence = "MIT OR Apache-2.0"',
             'source = "tests/models/make.py"']
    if side:
        lines.append(f"input_size = [{side}, {side}]")
    if name in DIMENSIONS:
        lines.append(f"dimensions = {DIMENSIONS[name]}")
    if name in detectors.MODELS and detectors.MODELS[name][3]:
        lines.append(f"classes = {json.dumps(detectors.NAMES)}")
    for role, (path, raw) in files.items():
        lines += ["", f"[files.{role}]", f'path = "{path}"', f'sha256 = "{hashlib.sha256(raw).hexdigest()}"', f"size = {len(raw)}"]
    return "\n".join(lines) + "\n"


def main():
    for name, (task, family, side, graphs) in MODELS.items():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        files = {role: (path, graph.bytes()) for role, (path, graph) in graphs.items()}
        for path, raw in files.values():
            (folder / path).write_bytes(raw)
        (folder / "model.toml").write_text(manifest(name, task, family, side, files))


if __name__ == "__main__":
    main()
