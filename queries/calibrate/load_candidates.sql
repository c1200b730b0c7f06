-- The candidates on those images under their living class, numbered by image and candidate; those that score less than a floor stay out.
-- ?1 the floor
INSERT INTO cal_candidates
WITH RECURSIVE living AS (
    SELECT class_id, class_id AS living_id, retired_into FROM {d}.classes
    UNION
    SELECT living.class_id, c.class_id, c.retired_into FROM living JOIN {d}.classes c ON c.class_id = living.retired_into
)
SELECT row_number() OVER (ORDER BY c.image_id, c.candidate_id) - 1, c.candidate_id, c.image_id, l.living_id,
       c.x, c.y, c.w, c.h, c.score, c.n_atoms, c.n_sources
FROM {d}."candidates_{run}" c JOIN cal_images USING (image_id)
JOIN living l ON l.class_id = c.class_id AND l.retired_into IS NULL
WHERE c.score IS NULL OR c.score >= ?1
ORDER BY c.image_id, c.candidate_id
