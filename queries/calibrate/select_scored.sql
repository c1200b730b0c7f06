-- The candidates of a run under the scores of a calibration, on a range of images.
-- ?1 first image_id · ?2 last image_id
SELECT s.image_id, s.class_id, c.x, c.y, c.w, c.h, s.score, s.kept, s.part = 'hidden' AS is_hidden
FROM {d}."scores_{calibration}" s JOIN {d}."candidates_{run}" c ON c.candidate_id = s.candidate_id AND c.image_id = s.image_id
WHERE s.image_id BETWEEN ? AND ? ORDER BY s.image_id, s.candidate_id
