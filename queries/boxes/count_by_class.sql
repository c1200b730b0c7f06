-- How many boxes and images each class has, among the images a filter means. The placeholder is the filter's predicate.
WITH boxes AS NOT MATERIALIZED (FROM {d}.boxes), classes AS NOT MATERIALIZED (FROM {d}.classes), images AS NOT MATERIALIZED (FROM {d}.images),
tags AS NOT MATERIALIZED (FROM {d}.tags), comments AS NOT MATERIALIZED (FROM {d}.comments), package_images AS NOT MATERIALIZED (FROM {d}.package_images)
SELECT b.class_id, count(*)::BIGINT AS n_boxes, count(DISTINCT b.image_id)::BIGINT AS n_images
FROM {d}.boxes b WHERE {among} GROUP BY b.class_id ORDER BY n_images DESC, b.class_id
