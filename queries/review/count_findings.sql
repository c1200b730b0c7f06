-- Errors of the accepted by kind, and objects missed, of one class or all.
-- ?1 class, or NULL for all
SELECT finding AS kind, count(*) AS n FROM {d}."scores_{calibration}"
WHERE finding IS NOT NULL AND (?1::INTEGER IS NULL OR class_id = ?1::INTEGER) GROUP BY finding
UNION ALL
SELECT 'missed', count(*) FROM {d}."missed_{calibration}" WHERE (?1::INTEGER IS NULL OR class_id = ?1::INTEGER)
