-- A box whose outline and turn stay: only columns that are changed in place.
-- ?1…?5 class_id, x, y, w, h · ?6 origin · ?7 state · ?8 now · ?9 image_id · ?10 box_id
UPDATE {d}.boxes SET class_id = ?, x = ?, y = ?, w = ?, h = ?, origin = ?, state = ?, updated_at = make_timestamp(?)
WHERE image_id = ? AND box_id = ?
