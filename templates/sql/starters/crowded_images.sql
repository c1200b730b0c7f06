-- Crowded images, most boxes first
SELECT image_id, path, n_boxes, state, split
FROM {dataset}.images
ORDER BY n_boxes DESC, image_id
LIMIT 100
