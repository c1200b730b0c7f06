-- Precision and recall of {calibration} at every hundredth of the probability
WITH judged AS (SELECT floor(score * 100) / 100 AS least, is_right FROM {dataset}.scores_{calibration} WHERE is_right IS NOT NULL),
     truths AS (SELECT count(*) AS n FROM {dataset}.scores_{calibration} WHERE accepted AND is_right AND part = 'test'),
     missed AS (SELECT count(*) AS n FROM {dataset}.missed_{calibration}),
     steps AS (SELECT least, count(*) FILTER (WHERE is_right) AS n_right, count(*) FILTER (WHERE NOT is_right) AS n_wrong FROM judged GROUP BY least)
SELECT least, sum(n_right) OVER above AS n_right, sum(n_wrong) OVER above AS n_wrong,
       round(sum(n_right) OVER above / sum(n_right + n_wrong) OVER above, 4) AS "precision",
       round(sum(n_right) OVER above / (truths.n + missed.n), 4) AS recall
FROM steps, truths, missed WINDOW above AS (ORDER BY least DESC) ORDER BY least
