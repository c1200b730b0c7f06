-- The numbers of the images that a filter means, in order. The placeholder is the filter's predicate.
WITH boxes AS NOT MATERIALIZED (FROM {d}.boxes), classes AS NOT MATERIALIZED (FROM {d}.classes), images AS NOT MATERIALIZED (FROM {d}.images),
tags AS NOT MATERIALIZED (FROM {d}.tags), comments AS NOT MATERIALIZED (FROM {d}.comments), package_images AS NOT MATERIALIZED (FROM {d}.package_images)
SELECT image_id FROM images WHERE ({where}) ORDER BY image_id
