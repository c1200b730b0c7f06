-- What {calibration} and {other} do with the same candidates, and how many of them are right
SELECT a.band AS {calibration}, b.band AS {other}_, count(*) AS n, count(*) FILTER (WHERE coalesce(a.is_right, b.is_right)) AS n_right,
       count(*) FILTER (WHERE NOT coalesce(a.is_right, b.is_right)) AS n_wrong
FROM {dataset}.scores_{calibration} a JOIN {dataset}.scores_{other} b USING (candidate_id)
GROUP BY 1, 2 ORDER BY 1, 2
