-- The paths of some images.
-- ?1 their numbers as a JSON list
SELECT image_id, path FROM {d}.images WHERE image_id IN (SELECT unnest(from_json(?1, '["BIGINT"]'))) ORDER BY image_id
