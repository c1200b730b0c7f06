-- What is embedded of images: every image that has a file, by number. The placeholder chooses them by image_id.
SELECT image_id, content_hash
FROM {d}.images
WHERE file <> '' AND ({where})
ORDER BY image_id
