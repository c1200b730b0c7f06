-- Moves the boxes of a change back to where it kept them; those that were edited meanwhile stay.
-- ?1 change_id · ?2 tweak_id · ?3 now
UPDATE {d}.boxes AS b
SET x = r.x, y = r.y, w = r.w, h = r.h, polygon = r.polygon, mask = r.mask, area = r.area,
    updated_at = make_timestamp($3)
FROM {d}.tweaks t, {d}.removed_boxes r
WHERE t.tweak_id = $2 AND t.box_id = b.box_id AND r.change_id = $1 AND r.side = 'before' AND r.box_id = b.box_id
  AND (b.x, b.y, b.w, b.h) = (t.new_x, t.new_y, t.new_w, t.new_h)
