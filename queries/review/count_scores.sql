-- Candidates by class and thousandth of their probability: right and wrong on tested images, and those on images without truth; beside them those left out as duplicates there. One below the threshold of its class, or below that of people, never shares a thousandth with one above it.
-- ?1 thresholds as JSON, [{"class_id": 1, "least": 0.5}, …] · ?2 probability from which on people are asked
WITH thresholds AS (
    SELECT t.class_id, t.least FROM (SELECT unnest(from_json($1, '[{"class_id":"INTEGER","least":"DOUBLE"}]')) AS t)
), binned AS (
    SELECT s.class_id, s.is_right, s.part, s.kept,
           floor(s.score * 1000)::INTEGER - (coalesce(s.score < t.least AND floor(s.score * 1000) = floor(t.least * 1000), false)
                                             OR (s.score < $2 AND floor(s.score * 1000) = floor($2::DOUBLE * 1000)))::INTEGER AS bin
    FROM {d}."scores_{calibration}" s LEFT JOIN thresholds t USING (class_id)
    WHERE s.kept OR s.part = 'open'
)
SELECT class_id, bin, count(*) FILTER (WHERE is_right) AS n_right, count(*) FILTER (WHERE NOT is_right) AS n_wrong,
       count(*) FILTER (WHERE part = 'open' AND kept) AS n_open, count(*) FILTER (WHERE NOT kept) AS n_duplicates
FROM binned GROUP BY class_id, bin ORDER BY class_id, bin
