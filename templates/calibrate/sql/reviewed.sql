-- Tested candidates that are accepted, kept for people or dropped, and how often each is right
SELECT band, count(*) AS n, count(*) FILTER (WHERE is_right) AS n_right, round(avg(is_right::INTEGER), 4) AS is_right
FROM {dataset}.scores_{calibration} WHERE part = 'test' AND kept
GROUP BY band ORDER BY band
