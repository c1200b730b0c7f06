-- The candidates on those images under their living class, numbered by image and candidate. `raw` is the mean over the looks of
-- the run of the best score each gave a box of the candidate, as the model gave it, one that gave none counting as 0: the
-- run's own score may have been put on a scale that was fitted to the truth of test images. Candidates of which no look
-- scores a box as high as a floor stay out; scoreless ones stay.
-- ?1 the floor
INSERT INTO cal_candidates
WITH RECURSIVE living AS (
    SELECT class_id, class_id AS living_id, retired_into FROM {d}.classes
    UNION
    SELECT living.class_id, c.class_id, c.retired_into FROM living JOIN {d}.classes c ON c.class_id = living.retired_into
), looks AS (
    SELECT greatest(count(DISTINCT source_run), 1) AS n FROM {d}."atoms_{run}"
), said AS (
    SELECT m.candidate_id, a.source_run, max(a.score) AS score
    FROM {d}."candidate_atoms_{run}" m JOIN {d}."atoms_{run}" a USING (atom_id) GROUP BY m.candidate_id, a.source_run
), together AS (
    -- Billionths are whole numbers: their sum is the same in any order.
    SELECT candidate_id, max(score) AS best, sum(round(1e9 * coalesce(score, 0))::BIGINT)::DOUBLE / 1e9 AS raw FROM said GROUP BY candidate_id
)
SELECT row_number() OVER (ORDER BY c.image_id, c.candidate_id) - 1, c.candidate_id, c.image_id, l.living_id,
       c.x, c.y, c.w, c.h, c.score, coalesce(t.raw, 0) / looks.n, c.n_atoms, c.n_sources
FROM {d}."candidates_{run}" c JOIN cal_images USING (image_id)
JOIN living l ON l.class_id = c.class_id AND l.retired_into IS NULL
LEFT JOIN together t ON t.candidate_id = c.candidate_id
CROSS JOIN looks
WHERE t.best IS NULL OR t.best >= ?1
ORDER BY c.image_id, c.candidate_id
