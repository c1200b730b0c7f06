-- Candidates on images without truth by band, with the share that the scores expect to be right.
SELECT band, count(*) AS n, avg(score) AS expected FROM {d}."scores_{calibration}" WHERE part = 'open' AND band <> 'drop' GROUP BY band
