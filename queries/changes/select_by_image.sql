-- The changes of one image, newest first.
-- ?1 image_id
SELECT change_id, kind, revision, client_id, record, status FROM {d}.changes WHERE image_id = ? ORDER BY change_id DESC
