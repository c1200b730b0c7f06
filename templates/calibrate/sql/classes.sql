-- The same by class, the worst first
WITH found AS (
    SELECT class_id, count(*) FILTER (WHERE accepted AND is_right) AS n_right, count(*) FILTER (WHERE accepted AND NOT is_right) AS n_wrong
    FROM {dataset}.scores_{calibration} WHERE part = 'test' GROUP BY class_id
), missed AS (
    SELECT class_id, count(*) AS n_missed FROM {dataset}.missed_{calibration} GROUP BY class_id
)
SELECT k.name AS class, coalesce(n_right, 0) AS n_right, coalesce(n_wrong, 0) AS n_wrong, coalesce(n_missed, 0) AS n_missed,
       round(2 * coalesce(n_right, 0) / (2 * coalesce(n_right, 0) + coalesce(n_wrong, 0) + coalesce(n_missed, 0)), 4) AS f1
FROM found FULL JOIN missed USING (class_id) JOIN {dataset}.classes k USING (class_id)
WHERE coalesce(n_right, 0) + coalesce(n_wrong, 0) + coalesce(n_missed, 0) > 0
ORDER BY f1, class
