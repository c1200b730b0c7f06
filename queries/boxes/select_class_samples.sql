-- The newest trusted boxes of every living class, as examples of what people call what.
-- ?1 most of a class · ?2 smallest side in pixels
SELECT b.box_id, b.image_id, b.class_id, b.x, b.y, b.w, b.h
FROM {d}.boxes b JOIN {d}.classes c USING (class_id)
WHERE b.state = 'trusted' AND NOT b.is_crowd AND NOT c.retired AND least(b.w, b.h) >= ?2
QUALIFY row_number() OVER (PARTITION BY b.class_id ORDER BY b.updated_at DESC, b.box_id DESC) <= ?1
ORDER BY b.image_id, b.box_id
