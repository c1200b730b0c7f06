-- One box of an edit goes.
-- ?1 image_id · ?2 box_id
DELETE FROM {d}.boxes WHERE image_id = ? AND box_id = ?
