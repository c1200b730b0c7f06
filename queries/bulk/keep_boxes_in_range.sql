-- Boxes of a range of numbers, kept before they go.
-- ?1 change_id · ?2 side · ?3 first box_id · ?4 last box_id
INSERT INTO {d}.removed_boxes SELECT ?, ?, b.* FROM {d}.boxes b WHERE box_id BETWEEN ? AND ?
