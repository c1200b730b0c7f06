-- The image at a place among those that a filter means. `{where}` is the filter's predicate.
-- ?1 how many stand before it
WITH boxes AS (FROM {d}.boxes), classes AS (FROM {d}.classes), images AS (FROM {d}.images)
SELECT image_id FROM images WHERE ({where}) ORDER BY image_id LIMIT 1 OFFSET ?
