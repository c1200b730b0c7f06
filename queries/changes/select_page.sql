-- The history of a dataset, newest first.
-- ?1 change_id to go on before · ?2 how many
SELECT change_id, kind, title, author, image_id, epoch_us("at") AS at_us, n_images, n_boxes, status
FROM {d}.changes WHERE change_id < ? ORDER BY change_id DESC LIMIT ?
