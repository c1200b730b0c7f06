-- Where an image's bytes lie, what they are known by, and how large the upright picture is.
-- ?1 image_id
SELECT file, content_hash, width, height FROM {d}.images WHERE image_id = ?
