-- Images that were kept have come back.
-- ?1 change_id · ?2 side
DELETE FROM {d}.removed_images WHERE change_id = ? AND side = ?
