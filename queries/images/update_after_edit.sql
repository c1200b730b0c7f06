-- The image's row after an edit.
-- ?1 state · ?2 revision · ?3 n_boxes · ?4 now · ?5 image_id
UPDATE {d}.images SET state = ?, revision = ?, n_boxes = ?, updated_at = make_timestamp(?) WHERE image_id = ?
