-- A tag is taken off an image.
-- ?1 image_id · ?2 tag
DELETE FROM {d}.tags WHERE image_id = ? AND tag = ?
