-- The changes of one image, in no order: the plan is kept, and a kept plan must not sort (Engine::with).
-- ?1 image_id
SELECT change_id, kind, revision, client_id, record, status FROM {d}.changes WHERE image_id = ?
