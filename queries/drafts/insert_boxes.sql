-- Staged drafts become boxes, on images that nobody has labelled and that have no box.
-- ?1 first free box_id · ?2 origin · ?3 now
INSERT INTO {d}.boxes
SELECT $1 - 1 + row_number() OVER (ORDER BY s.image_id, s.score DESC, s.x, s.y, s.w, s.h, s.class_id), s.image_id, s.class_id, s.x, s.y, s.w, s.h,
       NULL, NULL, NULL, NULL, false, $2, 'draft', s.score, NULL, NULL, make_timestamp($3), make_timestamp($3)
FROM staged_drafts s JOIN {d}.images i USING (image_id)
WHERE i.state = 'unlabelled' AND i.n_boxes = 0
