-- Takes what was said of a candidate away.
-- ?1 key of the calibration · ?2 candidate_id
DELETE FROM {d}.verdicts WHERE key = ? AND candidate_id = ?
