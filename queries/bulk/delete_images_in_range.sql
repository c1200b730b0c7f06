-- Images of a range of numbers go.
-- ?1 first image_id · ?2 last image_id
DELETE FROM {d}.images WHERE image_id BETWEEN ? AND ?
