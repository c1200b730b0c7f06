-- Moves the boxes that a change kept to their proposals; those that were edited meanwhile stay.
-- ?1 change_id · ?2 tweak_id · ?3 now
UPDATE {d}.boxes AS b
SET x = t.new_x, y = t.new_y, w = t.new_w, h = t.new_h, polygon = t.polygon, mask = NULL, area = NULL,
    updated_at = make_timestamp($3)
FROM {d}.tweaks t, {d}.removed_boxes r
WHERE t.tweak_id = $2 AND t.box_id = b.box_id AND r.change_id = $1 AND r.side = 'before' AND r.box_id = b.box_id
  AND (b.x, b.y, b.w, b.h) = (r.x, r.y, r.w, r.h)
