-- The boxes of new and replaced images, in order.
-- ?1 first free box_id · ?2 now
INSERT INTO {d}.boxes
SELECT $1 - 1 + row_number() OVER (ORDER BY p.image_id, b.seq), p.image_id, c.class_id, b.x, b.y, b.w, b.h, b.polygon, b.angle, b.mask, b.area, b.is_crowd,
       b.origin, b.state, b.score, b.source_id, b.attributes, make_timestamp($2), make_timestamp($2)
FROM staged_boxes b JOIN image_plan p ON p.key = b.image_key AND p.action IN ('new', 'replace') JOIN class_plan c ON c.key = b.class_key
ORDER BY p.image_id, b.seq
