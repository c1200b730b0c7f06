-- Candidates nearest to a threshold, on one side of it.
-- ?1 class, or NULL for all · ?2 threshold · ?3 whether above · ?4 how many
SELECT s.candidate_id AS number, s.image_id, i.path, i.width, i.height, s.class_id, c.x, c.y, c.w, c.h, s.score, s.band, s.part, s.is_right, s.finding,
       array_to_string(c.sources, ', ') AS sources, NULL::DOUBLE AS other
FROM {d}."scores_{calibration}" s JOIN {d}."candidates_{run}" c ON c.candidate_id = s.candidate_id AND c.image_id = s.image_id JOIN {d}.images i ON i.image_id = s.image_id
WHERE s.kept AND (?1::INTEGER IS NULL OR s.class_id = ?1::INTEGER) AND (s.score >= ?2) = ?3
ORDER BY abs(s.score - ?2), s.candidate_id LIMIT ?4
