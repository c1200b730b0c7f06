-- The features of some candidates of a calibration.
-- ?1 candidate numbers, as JSON
SELECT * FROM {d}."features_{run}" WHERE candidate_id IN (SELECT unnest(from_json(?1, '["BIGINT"]'))) ORDER BY candidate_id
