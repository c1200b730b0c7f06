-- What was said of the candidates of a calibration, by band and answer.
-- ?1 key of the calibration
SELECT band, answer, count(*) AS n FROM {d}.verdicts WHERE key = ? GROUP BY band, answer ORDER BY band, answer
