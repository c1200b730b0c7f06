-- Every image that a filter means, in order, for an export. `{where}` is the filter's predicate.
WITH boxes AS (FROM {d}.boxes), classes AS (FROM {d}.classes), images AS (FROM {d}.images)
SELECT image_id, path, content_hash, width, height, orientation, bytes, split, state, revision, n_boxes, source_id, attributes, file
FROM images WHERE ({where}) ORDER BY image_id
