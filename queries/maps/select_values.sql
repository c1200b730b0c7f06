-- What an expression says about each point of a map, in the order of the points; the placeholder is the expression.
-- A point of a box that is gone, or of an image that is gone, has no value.
-- ?1 map
WITH images AS NOT MATERIALIZED (FROM {d}.images), boxes AS NOT MATERIALIZED (FROM {d}.boxes), classes AS NOT MATERIALIZED (FROM {d}.classes),
tags AS NOT MATERIALIZED (FROM {d}.tags), comments AS NOT MATERIALIZED (FROM {d}.comments), package_images AS NOT MATERIALIZED (FROM {d}.package_images),
points AS NOT MATERIALIZED (
    SELECT p.image_id, p.box_id, p.x AS map_x, p.y AS map_y, i.path, i.split, i.state AS image_state, i.width, i.height, i.n_boxes, i.bytes,
           i.image_id IS NULL OR (p.box_id IS NOT NULL AND b.box_id IS NULL) AS gone,
           b.class_id, c.name AS class, c.supercategory, b.x, b.y, b.w, b.h, b.w * b.h AS box_area, b.w / nullif(b.h, 0) AS aspect,
           b.origin, coalesce(b.state, i.state) AS state, b.score, b.is_crowd,
           q.sharpness, q.brightness, q.contrast, q.black, q.white, q.colourfulness,
           s.suspicion, s.suggested_class_id, s.confident, s.class_distance, s.outlier, s.size_deviation, s.aspect_deviation, s.overlap
    FROM {d}.map_points p
    LEFT JOIN {d}.images i ON i.image_id = p.image_id
    LEFT JOIN {d}.boxes b ON b.box_id = p.box_id
    LEFT JOIN {d}.classes c ON c.class_id = b.class_id
    LEFT JOIN {d}.quality_images q ON q.image_id = p.image_id
    LEFT JOIN {d}.quality_boxes s ON s.box_id = p.box_id
    WHERE p.map = ?
)
SELECT CASE WHEN gone THEN NULL ELSE ({where}) END AS value FROM points ORDER BY image_id, box_id
