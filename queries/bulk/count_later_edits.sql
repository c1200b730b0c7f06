-- Edits that people made after a change on the images it touched.
-- ?1 change_id · ?2 first image_id · ?3 last image_id · ?4 change_id
SELECT count(*)::BIGINT AS n FROM {d}.changes
WHERE change_id > $1 AND kind = 'edit' AND status = 'done'
  AND (image_id BETWEEN $2 AND $3 OR image_id IN (SELECT image_id FROM {d}.removed_boxes WHERE change_id = $1))
