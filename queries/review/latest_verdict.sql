-- The candidate that was judged last.
-- ?1 key of the calibration
SELECT candidate_id FROM {d}.verdicts WHERE key = ? ORDER BY "at" DESC, candidate_id DESC LIMIT 1
