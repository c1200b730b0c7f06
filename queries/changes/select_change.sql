-- One change.
-- ?1 change_id
SELECT change_id, kind, title, image_id, record, status, n_images, n_boxes FROM {d}.changes WHERE change_id = ?
