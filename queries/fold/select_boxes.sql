-- Boxes to publish, whole rows in order. `{where}` chooses them by image_id.
SELECT box_id, image_id, class_id, x, y, w, h, polygon, angle, mask, area, is_crowd, origin, state, score, source_id, attributes, created_at, updated_at
FROM {d}.boxes WHERE ({where}) ORDER BY image_id, box_id
