-- What a calibration makes of a run's candidates, on a range of images: what it leaves, not what it takes for a second box of the same object.
-- ?1 first image_id · ?2 last image_id
SELECT candidate_id, image_id, class_id, score
FROM {d}."scores_{run}" WHERE kept AND image_id BETWEEN ? AND ? ORDER BY image_id, candidate_id
