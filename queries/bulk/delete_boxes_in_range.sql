-- Boxes of a range of numbers go.
-- ?1 first box_id · ?2 last box_id
DELETE FROM {d}.boxes WHERE box_id BETWEEN ? AND ?
