-- The boxes of a range of images, in order.
-- ?1 first image_id · ?2 last image_id
SELECT box_id, image_id, class_id, x, y, w, h, polygon, angle, mask, area, is_crowd, origin, state, score, source_id, attributes
FROM {d}.boxes WHERE image_id BETWEEN ? AND ? ORDER BY image_id, box_id
