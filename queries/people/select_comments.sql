-- The comments of one image, in no order: the plan is kept, and a kept plan must not sort (Engine::with).
-- ?1 image_id
SELECT comment_id, image_id, kind, text, x, y, box_id, author, epoch_us("at") AS at_us, resolved_by, epoch_us(resolved_at) AS resolved_us
FROM {d}.comments WHERE image_id = ?
