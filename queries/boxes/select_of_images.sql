-- The boxes of some images, in order. The range lets whole blocks of rows be passed over.
-- ?1 first image_id · ?2 last image_id · ?3 numbers of the images as JSON
SELECT box_id, image_id, class_id, x, y, w, h, polygon, angle, mask, area, is_crowd, origin, state, score, source_id, attributes
FROM {d}.boxes WHERE image_id BETWEEN ? AND ? AND image_id IN (SELECT unnest(from_json(?, '["BIGINT"]')))
ORDER BY image_id, box_id
