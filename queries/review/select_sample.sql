-- The next candidates of a band that nobody has judged, out of a sample of a size. Every class, agreement of sources and tenth of the score
-- is in the sample by its share, and each candidate by the same chance; a larger sample holds the smaller one.
-- ?1 band · ?2 seed · ?3 size · ?4 key of the calibration · ?5 how many
WITH dealt AS (
    SELECT s.candidate_id,
           (row_number() OVER (PARTITION BY s.class_id, c.n_sources > 1, floor(s.score * 10) ORDER BY hash(s.candidate_id, ?2), s.candidate_id) - 1
            + (hash(s.class_id, c.n_sources > 1, floor(s.score * 10), ?2) % 1000000) / 1000000)
           / count(*) OVER (PARTITION BY s.class_id, c.n_sources > 1, floor(s.score * 10)) AS share
    FROM {d}."scores_{calibration}" s JOIN {d}."candidates_{run}" c ON c.candidate_id = s.candidate_id AND c.image_id = s.image_id
    WHERE s.part = 'open' AND s.band = ?1
), sample AS (
    SELECT candidate_id, row_number() OVER (ORDER BY share, candidate_id) AS place FROM dealt QUALIFY place <= ?3
)
SELECT s.candidate_id AS number, s.image_id, i.path, i.width, i.height, s.class_id, c.x, c.y, c.w, c.h, s.score, s.band, s.part, s.is_right, s.finding,
       array_to_string(c.sources, ', ') AS sources, NULL::DOUBLE AS other
FROM {d}."scores_{calibration}" s JOIN {d}."candidates_{run}" c ON c.candidate_id = s.candidate_id AND c.image_id = s.image_id JOIN {d}.images i ON i.image_id = s.image_id
JOIN sample ON sample.candidate_id = s.candidate_id
WHERE NOT EXISTS (FROM {d}.verdicts v WHERE v.key = ?4 AND v.candidate_id = s.candidate_id)
ORDER BY sample.place LIMIT ?5
