-- What happens to each staged image: `new`; `same` as before; `silent` (the source says nothing of its boxes); `kept`
-- because people worked on it; `replace`.
-- ?1 first free image_id · ?2 policy: keep, replace or new
INSERT INTO image_plan
WITH staged AS (
    SELECT s.key, s.path, s.state, e.image_id AS old_id FROM staged_images s LEFT JOIN {d}.images e ON e.path = s.path
),
staged_signs AS (
    SELECT b.image_key AS key, count(*) AS n, sum(hash(c.class_id, b.x, b.y, b.w, b.h, b.polygon::VARCHAR, b.angle, b.mask, b.is_crowd)::HUGEINT) AS sign
    FROM staged_boxes b JOIN class_plan c ON c.key = b.class_key WHERE b.image_key IN (SELECT key FROM staged WHERE old_id IS NOT NULL)
    GROUP BY b.image_key
),
known_signs AS (
    SELECT image_id, count(*) AS n, sum(hash(class_id, x, y, w, h, polygon::VARCHAR, angle, mask, is_crowd)::HUGEINT) AS sign,
           bool_or(origin = 'human') AS by_hand
    FROM {d}.boxes WHERE image_id IN (SELECT old_id FROM staged) GROUP BY image_id
),
edited AS (SELECT DISTINCT image_id FROM {d}.changes WHERE kind = 'edit' AND status = 'done' AND image_id IS NOT NULL)
SELECT s.key,
       coalesce(s.old_id, $1 - 1 + row_number() OVER (PARTITION BY s.old_id IS NULL ORDER BY s.path)),
       CASE WHEN s.old_id IS NULL THEN 'new'
            WHEN coalesce(a.n, 0) = coalesce(k.n, 0) AND a.sign IS NOT DISTINCT FROM k.sign THEN 'same'
            WHEN s.state = 'unlabelled' AND a.n IS NULL THEN 'silent'
            WHEN $2 = 'new' THEN 'kept'
            WHEN $2 = 'keep' AND (coalesce(k.by_hand, false) OR s.old_id IN (FROM edited)) THEN 'kept'
            ELSE 'replace' END
FROM staged s LEFT JOIN staged_signs a ON a.key = s.key LEFT JOIN known_signs k ON k.image_id = s.old_id
