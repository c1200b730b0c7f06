-- How many images the boxes that a change kept lie on.
-- ?1 change_id
SELECT count(DISTINCT image_id)::BIGINT AS n FROM {d}.removed_boxes WHERE change_id = ?
