-- The change that an edit of an image made, by the client's number.
-- ?1 image_id · ?2 client_id
SELECT max(change_id) AS change_id FROM {d}.changes WHERE image_id = ? AND client_id = ?
