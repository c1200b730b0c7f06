-- A page of the images that a filter means, by image_id. The placeholder is the filter's predicate.
-- ?1 image_id to go on after · ?2 how many
WITH boxes AS NOT MATERIALIZED (FROM {d}.boxes), classes AS NOT MATERIALIZED (FROM {d}.classes), images AS NOT MATERIALIZED (FROM {d}.images),
tags AS NOT MATERIALIZED (FROM {d}.tags), comments AS NOT MATERIALIZED (FROM {d}.comments), package_images AS NOT MATERIALIZED (FROM {d}.package_images)
SELECT image_id, path, content_hash, width, height, orientation, bytes, split, state, revision, n_boxes, source_id, attributes
FROM images WHERE ({where}) AND image_id > ? ORDER BY image_id LIMIT ?
