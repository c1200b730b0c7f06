-- Candidates by class and thousandth of their probability: right and wrong on tested images, and those on images without truth. One below the threshold of its class never shares a thousandth with one above it.
-- ?1 thresholds as JSON, [{"class_id": 1, "least": 0.5}, …]
WITH thresholds AS (
    SELECT t.class_id, t.least FROM (SELECT unnest(from_json(?1, '[{"class_id":"INTEGER","least":"DOUBLE"}]')) AS t)
), binned AS (
    SELECT s.class_id, s.is_right, s.part,
           floor(s.score * 1000)::INTEGER - coalesce(s.score < t.least AND floor(s.score * 1000) = floor(t.least * 1000), false)::INTEGER AS bin
    FROM {d}."scores_{calibration}" s LEFT JOIN thresholds t USING (class_id)
    WHERE s.kept
)
SELECT class_id, bin, count(*) FILTER (WHERE is_right) AS n_right, count(*) FILTER (WHERE NOT is_right) AS n_wrong,
       count(*) FILTER (WHERE part = 'open') AS n_open
FROM binned GROUP BY class_id, bin ORDER BY class_id, bin
