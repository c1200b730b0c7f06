-- A change, for the history and for undo.
-- ?1…?11 change_id, kind, title, author, image_id, revision, client_id, record, n_images, n_boxes, status · ?12 now
INSERT INTO {d}.changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, make_timestamp(?))
