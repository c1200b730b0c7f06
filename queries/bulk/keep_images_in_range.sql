-- Images of a range of numbers, kept before they go.
-- ?1 change_id · ?2 side · ?3 first image_id · ?4 last image_id
INSERT INTO {d}.removed_images SELECT ?, ?, i.* FROM {d}.images i WHERE image_id BETWEEN ? AND ?
