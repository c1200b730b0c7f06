-- Who made the boxes
SELECT origin, state, count(*) AS n_boxes, count(DISTINCT image_id) AS n_images
FROM {dataset}.boxes
GROUP BY ALL
ORDER BY n_boxes DESC
