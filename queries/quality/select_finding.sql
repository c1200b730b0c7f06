-- One finding, decided or not.
-- ?1 key
SELECT key, kind, image_id, box_id, other_id, class_id, suggested_class_id, x, y, w, h, new_x, new_y, new_w, new_h, score, why, run
FROM {d}.quality_findings WHERE key = ?
