-- The boxes of a class that a tweak has not looked at, image by image.
-- ?1 class_id · ?2 tweak_id
SELECT box_id, image_id, class_id, x, y, w, h FROM {d}.boxes
WHERE class_id = ?1 AND NOT is_crowd AND angle IS NULL AND w >= 2 AND h >= 2
  AND box_id NOT IN (SELECT box_id FROM {d}.tweaks WHERE tweak_id = ?2)
ORDER BY image_id, box_id
