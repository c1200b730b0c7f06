-- A page of the images that a filter means, by image_id. `{where}` is the filter's predicate.
-- ?1 image_id to go on after · ?2 how many
WITH boxes AS (FROM {d}.boxes), classes AS (FROM {d}.classes), images AS (FROM {d}.images)
SELECT image_id, path, content_hash, width, height, orientation, bytes, split, state, revision, n_boxes, source_id, attributes
FROM images WHERE ({where}) AND image_id > ? ORDER BY image_id LIMIT ?
