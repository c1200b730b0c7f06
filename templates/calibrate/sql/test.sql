-- Precision, recall and F1 of {calibration} on images that no part of it has seen
WITH counted AS (
    SELECT count(*) FILTER (WHERE accepted AND is_right) AS n_right, count(*) FILTER (WHERE accepted AND NOT is_right) AS n_wrong,
           (SELECT count(*) FROM {dataset}.missed_{calibration}) AS n_missed
    FROM {dataset}.scores_{calibration} WHERE part = 'test'
)
SELECT *, n_right / (n_right + n_wrong) AS "precision", n_right / (n_right + n_missed) AS recall,
       2 * n_right / (2 * n_right + n_wrong + n_missed) AS f1
FROM counted
