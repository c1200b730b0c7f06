-- What a calibration says of some candidates.
-- ?1 candidate numbers, as JSON
SELECT candidate_id, score, part, kept FROM {d}."scores_{calibration}" WHERE candidate_id IN (SELECT unnest(from_json(?1, '["BIGINT"]')))
