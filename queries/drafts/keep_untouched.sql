-- The drafts of a range of numbers that nobody has touched, kept before they go.
-- ?1 change_id · ?2 first box_id · ?3 last box_id
INSERT INTO {d}.removed_boxes SELECT ?, 'after', b.* FROM {d}.boxes b
WHERE box_id BETWEEN ? AND ? AND state = 'draft' AND updated_at = created_at
