-- Images without boxes, and whether that is confirmed
SELECT image_id, path, state, state IN ('labelled', 'reviewed') AS confirmed_negative
FROM {dataset}.images
WHERE n_boxes = 0
ORDER BY confirmed_negative, image_id
