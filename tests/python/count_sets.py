"""Counts images, boxes and classes of annotated sets by the plain rules of their formats, without any of Tator's code.

Argument: the folder of the sets. Boxes without area, which no format means, are counted apart as `flat`.
"""
import json
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"}


def pictures(folder):
    return sum(path.suffix.lower() in PICTURES for path in folder.rglob("*"))


def yolo(folder):
    boxes, used = 0, set()
    for path in (folder / "labels").rglob("*.txt"):
        for line in path.read_text().splitlines():
            if line.strip():
                boxes += 1
                used.add(line.split()[0])
    return {"images": pictures(folder / "images"), "boxes": boxes, "flat": 0, "used": len(used)}


def voc(folder):
    images = boxes = flat = 0
    used = set()
    for path in folder.rglob("*.xml"):
        images += 1
        for thing in xml.parse(path).getroot().iter("object"):
            x0, y0, x1, y1 = (float(thing.find("bndbox").findtext(k)) for k in ("xmin", "ymin", "xmax", "ymax"))
            if x1 > x0 and y1 > y0:
                boxes += 1
                used.add(thing.findtext("name"))
            else:
                flat += 1
    return {"images": images, "boxes": boxes, "flat": flat, "used": len(used)}


def coco(*files):
    images = boxes = flat = 0
    used = set()
    for file in files:
        labels = json.loads(file.read_text())
        images += len(labels["images"])
        for note in labels["annotations"]:
            if note["bbox"][2] > 0 and note["bbox"][3] > 0:
                boxes += 1
                used.add(note.get("category_id"))
            else:
                flat += 1
    return {"images": images, "boxes": boxes, "flat": flat, "used": len(used)}


def plain(folder):
    # Texts named like a picture may be its labels in a form of their own: they are told, not read.
    stems = {f.stem for f in folder.rglob("*") if f.suffix.lower() in PICTURES}
    unread = sum(1 for f in folder.rglob("*") if f.suffix.lower() in {".txt", ".xml", ".json", ".csv"} and f.stem in stems)
    return {"images": pictures(folder), "boxes": 0, "flat": 0, "unread": unread, "used": 0}


def main(sets):
    tools = sets / "tool_exports"
    family = tools / "17_ultralytics_coco8_family" / "example_datasets"
    via = tools / "15_via_coco_export_no_categories"
    counts = {
        "aerial_kit_ais": yolo(sets / "aerial_kit_ais"),
        "bccd": voc(sets / "bccd"),
        "clothing_small": plain(sets / "clothing_small"),
        "coco128_instances/instances_train2017.json": coco(sets / "coco128_instances" / "instances_train2017.json"),
        "coco_bench": coco(*sorted((sets / "coco_bench").glob("*.json"))),
        "deeppcb_sample": plain(sets / "deeppcb_sample"),
        "tool_exports/05_cvat_xml_plus_coco_zip/instances.json": coco(tools / "05_cvat_xml_plus_coco_zip" / "instances.json"),
        "tool_exports/12_roboflow_coco_person_drone": coco(*(tools / "12_roboflow_coco_person_drone").rglob("_annotations.coco.json")),
        "tool_exports/15_via_coco_export_no_categories": coco(*via.rglob("*.json")),
        "tool_exports/20_exif_orientation": plain(tools / "20_exif_orientation"),
    }
    for name in ("coco8", "coco8-seg", "dota8"):
        counts[f"{family.relative_to(sets)}/{name}"] = yolo(family / name)
    print(json.dumps(counts))


main(Path(sys.argv[1]))
