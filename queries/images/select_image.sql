-- One image.
-- ?1 image_id
SELECT image_id, path, content_hash, width, height, orientation, bytes, split, state, revision, n_boxes, source_id, attributes
FROM {d}.images WHERE image_id = ?
