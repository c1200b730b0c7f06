-- Candidates by what two calibrations do with them, and how many are right or wrong where that is known.
SELECT a.band AS first, b.band AS second, count(*) AS n, count(*) FILTER (WHERE coalesce(a.is_right, b.is_right)) AS n_right,
       count(*) FILTER (WHERE NOT coalesce(a.is_right, b.is_right)) AS n_wrong
FROM {d}."scores_{calibration}" a JOIN {d}."scores_{other}" b USING (candidate_id)
GROUP BY a.band, b.band ORDER BY first, second
