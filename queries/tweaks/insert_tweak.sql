-- One proposal.
-- ?1…?4 tweak_id, box_id, image_id, class_id · ?5…?8 x, y, w, h · ?9…?12 new x, y, w, h · ?13 polygon as JSON · ?14 score · ?15 iou
INSERT INTO {d}.tweaks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, from_json(?, '[["DOUBLE"]]'), ?, ?)
