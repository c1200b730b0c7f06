-- The boxes that a merge kept get the other class.
-- ?1 new class_id · ?2 now · ?3 old class_id · ?4 change_id
UPDATE {d}.boxes SET class_id = $1, updated_at = make_timestamp($2)
WHERE class_id = $3 AND box_id IN (SELECT box_id FROM {d}.removed_boxes WHERE change_id = $4)
