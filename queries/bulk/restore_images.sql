-- Images that were kept come back.
-- ?1 change_id · ?2 side
INSERT INTO {d}.images SELECT * EXCLUDE (change_id, side) FROM {d}.removed_images WHERE change_id = ? AND side = ? ORDER BY image_id
