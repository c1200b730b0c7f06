-- The image's row after an edit.
-- ?1 state · ?2 split · ?3 revision · ?4 n_boxes · ?5 now · ?6 image_id
UPDATE {d}.images SET state = ?, split = ?, revision = ?, n_boxes = ?, updated_at = make_timestamp(?) WHERE image_id = ?
