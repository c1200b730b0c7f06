-- The trusted boxes of the images that a filter means, under their living class, without outlines. The placeholder is the filter's predicate.
WITH RECURSIVE images AS NOT MATERIALIZED (FROM {d}.images), boxes AS NOT MATERIALIZED (FROM {d}.boxes), classes AS NOT MATERIALIZED (FROM {d}.classes),
tags AS NOT MATERIALIZED (FROM {d}.tags), comments AS NOT MATERIALIZED (FROM {d}.comments), package_images AS NOT MATERIALIZED (FROM {d}.package_images),
living AS (
    SELECT class_id, class_id AS living_id, retired_into FROM {d}.classes
    UNION
    SELECT living.class_id, c.class_id, c.retired_into FROM living JOIN {d}.classes c ON c.class_id = living.retired_into
)
SELECT b.box_id, b.image_id, l.living_id AS class_id, b.x, b.y, b.w, b.h, b.area, b.is_crowd
FROM {d}.boxes b JOIN living l ON l.class_id = b.class_id AND l.retired_into IS NULL
WHERE b.state = 'trusted' AND b.image_id IN (SELECT image_id FROM images WHERE ({where})) ORDER BY b.image_id, b.box_id
