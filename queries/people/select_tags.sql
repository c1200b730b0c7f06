-- The tags of one image, in no order: the plan is kept, and a kept plan must not sort (Engine::with).
-- ?1 image_id
SELECT tag, author, epoch_us("at") AS at_us FROM {d}.tags WHERE image_id = ?
