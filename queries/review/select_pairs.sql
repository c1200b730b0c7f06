-- Candidates that two calibrations put in these bands, those whose scores differ most first.
-- ?1 band in the first · ?2 band in the second · ?3 how many
SELECT s.candidate_id AS number, s.image_id, i.path, i.width, i.height, s.class_id, c.x, c.y, c.w, c.h, s.score, s.band, s.part, coalesce(s.is_right, o.is_right) AS is_right, s.finding,
       array_to_string(c.sources, ', ') AS sources, o.score AS other
FROM {d}."scores_{calibration}" s JOIN {d}."candidates_{run}" c ON c.candidate_id = s.candidate_id AND c.image_id = s.image_id JOIN {d}.images i ON i.image_id = s.image_id
JOIN {d}."scores_{other}" o ON o.candidate_id = s.candidate_id
WHERE s.band = ?1 AND o.band = ?2
ORDER BY abs(s.score - o.score) DESC, s.candidate_id LIMIT ?3
