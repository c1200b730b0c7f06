-- Boxes that were kept come back.
-- ?1 change_id · ?2 side
INSERT INTO {d}.boxes SELECT * EXCLUDE (change_id, side) FROM {d}.removed_boxes WHERE change_id = ? AND side = ? ORDER BY image_id, box_id
