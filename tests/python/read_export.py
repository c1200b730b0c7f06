"""Opens an export of Tator's in COCO with `pycocotools` and prints what it sees. Argument: the JSON file."""
import contextlib
import io
import json
import sys

from pycocotools.coco import COCO

with contextlib.redirect_stdout(io.StringIO()):
    labels = COCO(sys.argv[1])
notes = labels.loadAnns(labels.getAnnIds())
masks = sum(int(labels.annToMask(note).sum() > 0) for note in notes if note.get("segmentation"))
print(json.dumps({
    "images": len(labels.getImgIds()),
    "boxes": len(notes),
    "classes": sorted(category["name"] for category in labels.loadCats(labels.getCatIds())),
    "masks": masks,
}))
