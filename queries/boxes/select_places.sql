-- Where some boxes are, with the size of their images.
-- ?1 numbers of the boxes as JSON
SELECT b.box_id, b.image_id, b.x, b.y, b.w, b.h, i.width, i.height
FROM {d}.boxes b JOIN {d}.images i USING (image_id)
WHERE b.box_id IN (SELECT unnest(from_json(?, '["BIGINT"]')))
