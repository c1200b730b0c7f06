-- Proposals of a tweak, those that move their box most first; stale ones are of boxes that changed since.
-- ?1 tweak_id · ?2 how many to leave out · ?3 how many
SELECT t.box_id, t.image_id, t.class_id, t.x, t.y, t.w, t.h, t.new_x, t.new_y, t.new_w, t.new_h,
       to_json(t.polygon)::VARCHAR AS polygon, t.score, t.iou,
       b.box_id IS NULL OR b.class_id <> t.class_id OR (b.x, b.y, b.w, b.h) <> (t.x, t.y, t.w, t.h) AS stale
FROM {d}.tweaks t LEFT JOIN {d}.boxes b USING (box_id)
WHERE t.tweak_id = ?1 ORDER BY t.iou, t.box_id LIMIT ?3 OFFSET ?2
