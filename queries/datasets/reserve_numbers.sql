-- Takes numbers for new rows; what is taken is never given out again.
-- ?1…?4 how many image_id, box_id, class_id, change_id · ?5 name
UPDATE tator.datasets SET next_image_id = next_image_id + ?, next_box_id = next_box_id + ?, next_class_id = next_class_id + ?::INTEGER, next_change_id = next_change_id + ?
WHERE name = ?
