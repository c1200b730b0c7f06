-- The places of a map, by image and box.
-- ?1 map
SELECT image_id, box_id, x, y FROM {d}.map_points WHERE map = ? ORDER BY image_id, box_id
