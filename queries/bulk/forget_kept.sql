-- What was kept has come back.
-- ?1 change_id · ?2 side
DELETE FROM {d}.removed_boxes WHERE change_id = ? AND side = ?
