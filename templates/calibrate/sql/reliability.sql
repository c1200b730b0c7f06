-- How often candidates are right, by tenth of the probability of {calibration}
SELECT floor(score * 10) / 10 AS "from", count(*) AS n, round(avg(score), 4) AS says, round(avg(is_right::INTEGER), 4) AS is_right
FROM {dataset}.scores_{calibration} WHERE is_right IS NOT NULL
GROUP BY 1 ORDER BY 1
