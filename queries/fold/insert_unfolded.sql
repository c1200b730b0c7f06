-- A range of images whose published rows are now old.
-- ?1 seq · ?2 first image_id · ?3 last image_id
INSERT INTO {d}.unfolded VALUES (?, ?, ?)
