-- Boxes that stick out of their image
SELECT b.box_id, b.image_id, round(b.x, 1) AS x, round(b.y, 1) AS y, round(b.w, 1) AS w, round(b.h, 1) AS h, i.width, i.height
FROM {dataset}.boxes b
JOIN {dataset}.images i USING (image_id)
WHERE b.x < -0.5 OR b.y < -0.5 OR b.x + b.w > i.width + 0.5 OR b.y + b.h > i.height + 0.5
ORDER BY b.box_id
