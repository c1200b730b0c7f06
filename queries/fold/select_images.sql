-- Images to publish, whole rows in order. `{where}` chooses them by image_id.
SELECT image_id, path, file, content_hash, width, height, orientation, bytes, split, state, revision, n_boxes, source_id, attributes, created_at, updated_at
FROM {d}.images WHERE ({where}) ORDER BY image_id
