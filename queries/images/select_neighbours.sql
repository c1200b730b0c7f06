-- Where an image stands among those a filter means. The placeholder is the filter's predicate.
-- ?1…?6 image_id, six times
WITH boxes AS NOT MATERIALIZED (FROM {d}.boxes), classes AS NOT MATERIALIZED (FROM {d}.classes), images AS NOT MATERIALIZED (FROM {d}.images),
tags AS NOT MATERIALIZED (FROM {d}.tags), comments AS NOT MATERIALIZED (FROM {d}.comments), package_images AS NOT MATERIALIZED (FROM {d}.package_images),
meant AS (SELECT image_id, state IN ('unlabelled', 'in_progress') AS open FROM images WHERE ({where}))
SELECT count(*)::BIGINT AS total,
       count(*) FILTER (image_id <= ?)::BIGINT AS upto,
       coalesce(bool_or(image_id = ?), false) AS present,
       max(image_id) FILTER (image_id < ?) AS previous,
       min(image_id) FILTER (image_id > ?) AS next,
       max(image_id) FILTER (image_id < ? AND open) AS previous_open,
       min(image_id) FILTER (image_id > ? AND open) AS next_open
FROM meant
