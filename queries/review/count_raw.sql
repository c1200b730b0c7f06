-- Candidates of a run by source and twentieth of their raw score, before anything was learnt.
SELECT source, least(floor(coalesce(score, 0) * 20), 19)::INTEGER AS bin, count(*) AS n
FROM {d}."candidates_{run}" GROUP BY source, bin ORDER BY source, bin
