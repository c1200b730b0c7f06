-- Findings of a kind that wait, the worst first, with the pictures and the other box they are shown with.
-- ?1 kind · ?2 how many to leave out · ?3 how many
WITH page AS (SELECT * FROM {d}.quality_open WHERE kind = ?1 ORDER BY score DESC, key LIMIT ?3 OFFSET ?2)
SELECT f.key, f.kind, f.image_id, f.box_id, f.other_id, f.class_id, f.suggested_class_id, f.x, f.y, f.w, f.h,
       f.new_x, f.new_y, f.new_w, f.new_h, f.score, f.why, f.run, i.path, i.width, i.height, p.path AS other_path,
       b.x AS other_x, b.y AS other_y, b.w AS other_w, b.h AS other_h, b.class_id AS other_class_id
FROM page f JOIN {d}.images i ON i.image_id = f.image_id
LEFT JOIN {d}.images p ON p.image_id = f.other_id AND f.kind IN ('exact_duplicate', 'near_duplicate', 'leak')
LEFT JOIN {d}.boxes b ON b.box_id = f.other_id AND f.kind IN ('overlap', 'conflict')
ORDER BY f.score DESC, f.key
