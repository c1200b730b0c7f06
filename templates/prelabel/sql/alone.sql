-- Candidates of {run} that one source alone has seen, the surest first
SELECT c.image_id, c.candidate_id, k.name AS class, c.source, round(c.score, 3) AS score, c.x, c.y, c.w, c.h
FROM {dataset}.candidates_{run} c JOIN {dataset}.classes k USING (class_id)
WHERE c.n_sources = 1
ORDER BY c.score DESC NULLS LAST
LIMIT 500
