-- The new images of an import, in order.
-- ?1 now · ?2 whether the files were copied to their dataset path
INSERT INTO {d}.images
SELECT p.image_id, s.path, CASE WHEN s.file <> '' AND $2 THEN s.path ELSE s.file END, coalesce(h.content_hash, ''), s.width, s.height, s.orientation, s.bytes, s.split, s.state, 0, coalesce(b.n, 0)::INTEGER,
       s.source_id, s.attributes, make_timestamp($1), make_timestamp($1)
FROM image_plan p JOIN staged_images s ON s.key = p.key
LEFT JOIN staged_hashes h ON h.key = p.key
LEFT JOIN (SELECT image_key, count(*) AS n FROM staged_boxes GROUP BY image_key) b ON b.image_key = p.key
WHERE p.action = 'new' ORDER BY p.image_id
