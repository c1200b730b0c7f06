-- Paths that the source names more than once: a reason to stop.
SELECT path, count(*)::BIGINT AS n FROM staged_images GROUP BY path HAVING count(*) > 1 ORDER BY path LIMIT 5
