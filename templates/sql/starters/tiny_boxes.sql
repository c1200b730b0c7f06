-- Tiny boxes: under 8 pixels on a side
SELECT b.box_id, b.image_id, c.name AS class, round(b.w, 1) AS w, round(b.h, 1) AS h
FROM {dataset}.boxes b
JOIN {dataset}.classes c USING (class_id)
WHERE least(b.w, b.h) < 8
ORDER BY b.w * b.h
