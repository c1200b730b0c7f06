-- Accepted candidates that are wrong, as a picture grid, the surest first
SELECT s.image_id, s.finding, k.name AS class, round(s.score, 3) AS score, c.x, c.y, c.w, c.h, array_to_string(c.sources, ', ') AS sources
FROM {dataset}.scores_{calibration} s JOIN {dataset}.candidates_{run} c USING (candidate_id) JOIN {dataset}.classes k ON k.class_id = s.class_id
WHERE s.finding IS NOT NULL AND s.finding <> 'right'
ORDER BY s.score DESC LIMIT 500
