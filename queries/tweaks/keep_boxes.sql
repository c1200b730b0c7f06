-- The boxes that a tweak is applied to, kept as they are: still where they were looked at, and moved no further than asked.
-- ?1 change_id · ?2 tweak_id · ?3 least iou · ?4 numbers of boxes to leave alone, as JSON
INSERT INTO {d}.removed_boxes
SELECT ?1, 'before', b.* FROM {d}.boxes b JOIN {d}.tweaks t USING (box_id)
WHERE t.tweak_id = ?2 AND t.iou >= ?3 AND b.class_id = t.class_id AND (b.x, b.y, b.w, b.h) = (t.x, t.y, t.w, t.h)
  AND b.box_id NOT IN (SELECT unnest(from_json(?4, '["BIGINT"]')))
