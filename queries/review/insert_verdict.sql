-- What a person said of a candidate on an image without truth; where truth is known it is counted, not estimated.
-- ?1 calibration · ?2 key of it · ?3 candidate_id · ?4 answer · ?5 the class they saw · ?6 author · ?7 when
INSERT INTO {d}.verdicts
SELECT ?1, ?2, candidate_id, image_id, class_id, band, ?4, ?5::INTEGER, ?6, make_timestamp(?7::BIGINT)
FROM {d}."scores_{calibration}" WHERE candidate_id = ?3 AND part = 'open'
