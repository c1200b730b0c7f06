-- Findings by kind: all, and those that wait.
SELECT f.kind, count(*) AS n, count(o.key) AS waiting
FROM {d}.quality_findings f LEFT JOIN (SELECT key FROM {d}.quality_open) o USING (key) GROUP BY f.kind ORDER BY f.kind
