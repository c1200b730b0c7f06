-- Two boxes of one class almost on top of each other
SELECT a.image_id, a.box_id, b.box_id AS other_box, c.name AS class
FROM {dataset}.boxes a
JOIN {dataset}.boxes b ON a.image_id = b.image_id AND a.class_id = b.class_id AND a.box_id < b.box_id
JOIN {dataset}.classes c ON c.class_id = a.class_id
WHERE least(a.x + a.w, b.x + b.w) - greatest(a.x, b.x) > 0.9 * greatest(a.w, b.w)
  AND least(a.y + a.h, b.y + b.h) - greatest(a.y, b.y) > 0.9 * greatest(a.h, b.h)
ORDER BY a.image_id
LIMIT 1000
