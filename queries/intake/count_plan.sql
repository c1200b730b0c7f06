-- What an import would do, counted.
WITH per_action AS (
    SELECT p.action, count(*) AS images, coalesce(sum(b.n), 0) AS boxes
    FROM image_plan p LEFT JOIN (SELECT image_key, count(*) AS n FROM staged_boxes GROUP BY image_key) b ON b.image_key = p.key GROUP BY p.action
),
removed AS (SELECT count(*) AS n FROM {d}.boxes WHERE image_id IN (SELECT image_id FROM image_plan WHERE action = 'replace')),
ours AS (
    SELECT b.image_id, b.class_id, b.x, b.y, b.w, b.h FROM {d}.boxes b WHERE b.image_id IN (SELECT image_id FROM image_plan WHERE action = 'replace')
    INTERSECT ALL
    SELECT p.image_id, c.class_id, b.x, b.y, b.w, b.h
    FROM staged_boxes b JOIN image_plan p ON p.key = b.image_key AND p.action = 'replace' JOIN class_plan c ON c.key = b.class_key
)
SELECT coalesce(sum(images) FILTER (action = 'new'), 0)::BIGINT AS images_new,
       coalesce(sum(images) FILTER (action = 'same'), 0)::BIGINT AS images_same,
       coalesce(sum(images) FILTER (action = 'silent'), 0)::BIGINT AS images_silent,
       coalesce(sum(images) FILTER (action = 'kept'), 0)::BIGINT AS images_kept,
       coalesce(sum(images) FILTER (action = 'replace'), 0)::BIGINT AS images_replaced,
       coalesce(sum(boxes) FILTER (action = 'new'), 0)::BIGINT AS boxes_new,
       coalesce(sum(boxes) FILTER (action = 'replace'), 0)::BIGINT AS boxes_replacing,
       (SELECT n FROM removed)::BIGINT AS boxes_replaced,
       (SELECT count(*) FROM ours)::BIGINT AS boxes_unchanged,
       (SELECT count(*) FROM class_plan WHERE is_new)::BIGINT AS classes_new
FROM per_action
