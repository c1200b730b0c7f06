-- Where an image's bytes lie, and what they are known by.
-- ?1 image_id
SELECT file, content_hash, orientation FROM {d}.images WHERE image_id = ?
