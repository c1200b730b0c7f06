-- Images whose boxes an import replaced.
-- ?1 now
UPDATE {d}.images SET revision = revision + 1, updated_at = make_timestamp(?),
       n_boxes = (SELECT count(*) FROM {d}.boxes b WHERE b.image_id = images.image_id)::INTEGER,
       state = CASE WHEN state IN ('unlabelled', 'in_progress') THEN 'labelled' ELSE state END
WHERE image_id IN (SELECT image_id FROM image_plan WHERE action = 'replace')
