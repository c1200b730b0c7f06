-- Figures that are about to be written anew, and those of images that are gone.
-- ?1 image numbers as JSON
DELETE FROM {d}.quality_images
WHERE image_id IN (SELECT unnest(from_json(?, '["BIGINT"]'))) OR image_id NOT IN (SELECT image_id FROM {d}.images)
