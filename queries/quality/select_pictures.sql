-- Every image with the figures of its present content.
SELECT i.image_id, i.content_hash, i.width, i.height, i.split, q.sharpness, q.brightness, q.contrast, q.black, q.white, q.fingerprint, q.problem
FROM {d}.images i LEFT JOIN {d}.quality_images q ON q.image_id = i.image_id AND q.content_hash = i.content_hash ORDER BY i.image_id
