-- What {calibration} does with the candidates on images without truth; duplicates are left out before
SELECT k.name AS class, count(*) FILTER (WHERE band = 'accept') AS accept, count(*) FILTER (WHERE band = 'queue') AS queue,
       count(*) FILTER (WHERE band = 'drop' AND kept) AS "drop", count(*) FILTER (WHERE NOT kept) AS duplicates
FROM {dataset}.scores_{calibration} JOIN {dataset}.classes k USING (class_id) WHERE part = 'open'
GROUP BY ROLLUP (k.name) ORDER BY accept DESC
