-- The boxes of one image, in no order: the plan is kept, and a kept plan must not sort (Engine::with).
-- ?1 image_id
SELECT box_id, image_id, class_id, x, y, w, h, polygon, angle, mask, area, is_crowd, origin, state, score, source_id, attributes
FROM {d}.boxes WHERE image_id = ?
