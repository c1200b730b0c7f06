-- Accepted candidates on tested images that are an error of a kind, the surest first.
-- ?1 kind · ?2 class, or NULL for all · ?3 how many · ?4 how many to leave out before
SELECT s.candidate_id AS number, s.image_id, i.path, i.width, i.height, s.class_id, c.x, c.y, c.w, c.h, s.score, s.band, s.part, s.is_right, s.finding,
       array_to_string(c.sources, ', ') AS sources, NULL::DOUBLE AS other
FROM {d}."scores_{calibration}" s JOIN {d}."candidates_{run}" c ON c.candidate_id = s.candidate_id AND c.image_id = s.image_id JOIN {d}.images i ON i.image_id = s.image_id
WHERE s.finding = ?1 AND (?2::INTEGER IS NULL OR s.class_id = ?2::INTEGER)
ORDER BY s.score DESC, s.candidate_id LIMIT ?3 OFFSET ?4
