-- The biggest images, in megapixels
SELECT image_id, path, width, height, round(width::BIGINT * height / 1e6, 1) AS megapixels
FROM {dataset}.images
ORDER BY megapixels DESC, image_id
LIMIT 100
