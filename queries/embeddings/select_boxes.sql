-- What is embedded of boxes: every box with an area on an image that has a file, by image and number. The placeholder
-- chooses them by image_id.
SELECT b.image_id, b.box_id, i.content_hash, b.x, b.y, b.w, b.h
FROM {d}.boxes b JOIN (SELECT image_id, content_hash FROM {d}.images WHERE file <> '' AND ({where})) i USING (image_id)
WHERE b.w > 0 AND b.h > 0
ORDER BY b.image_id, b.box_id
