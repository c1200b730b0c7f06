-- The truth of these images is not used: a model has been trained on them.
-- ?1 image numbers, as JSON
UPDATE cal_images SET is_truth = false WHERE image_id IN (SELECT unnest(from_json(?1, '["BIGINT"]')))
