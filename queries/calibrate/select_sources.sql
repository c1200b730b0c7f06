-- What every model found by itself on those images, under living classes, for comparison, and by which look.
WITH RECURSIVE living AS (
    SELECT class_id, class_id AS living_id, retired_into FROM {d}.classes
    UNION
    SELECT living.class_id, c.class_id, c.retired_into FROM living JOIN {d}.classes c ON c.class_id = living.retired_into
)
SELECT a.source, a.source_run, a.image_id, l.living_id AS class_id, a.x, a.y, a.w, a.h, coalesce(a.score, 0) AS score
FROM {d}."atoms_{run}" a JOIN cal_images i USING (image_id) JOIN living l ON l.class_id = a.class_id AND l.retired_into IS NULL
WHERE i.is_truth ORDER BY a.source, a.image_id, a.atom_id
