-- Objects missed, and whether any candidate reaches them: what no threshold brings back
SELECT k.name AS class, count(*) AS missed, count(*) FILTER (WHERE reached) AS a_lower_threshold_could, count(*) FILTER (WHERE NOT reached) AS out_of_reach
FROM {dataset}.missed_{calibration} JOIN {dataset}.classes k USING (class_id)
GROUP BY ROLLUP (k.name) ORDER BY missed DESC
