-- The images that a change swapped boxes of have to be published again.
-- ?1 seq · ?2 change_id
INSERT INTO {d}.unfolded SELECT DISTINCT $1, image_id, image_id FROM {d}.removed_boxes WHERE change_id = $2
