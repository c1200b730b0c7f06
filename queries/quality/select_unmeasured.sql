-- Images whose present content was not measured yet.
SELECT i.image_id FROM {d}.images i LEFT JOIN {d}.quality_images q ON q.image_id = i.image_id AND q.content_hash = i.content_hash
WHERE q.image_id IS NULL AND i.file <> '' ORDER BY i.image_id
