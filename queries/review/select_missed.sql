-- Objects that no accepted candidate finds, those that some candidate reaches first.
-- ?1 class, or NULL for all · ?2 how many · ?3 how many to leave out before
SELECT m.box_id AS number, m.image_id, i.path, i.width, i.height, m.class_id, b.x, b.y, b.w, b.h, NULL::DOUBLE AS score,
       CASE WHEN m.reached THEN 'reached' ELSE 'unreached' END AS band, 'test' AS part, NULL::BOOLEAN AS is_right, 'missed' AS finding,
       '' AS sources, NULL::DOUBLE AS other
FROM {d}."missed_{calibration}" m JOIN {d}.boxes b USING (box_id) JOIN {d}.images i ON i.image_id = m.image_id
WHERE (?1::INTEGER IS NULL OR m.class_id = ?1::INTEGER)
ORDER BY m.reached DESC, m.image_id, m.box_id LIMIT ?2 OFFSET ?3
