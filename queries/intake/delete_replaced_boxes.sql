-- The boxes that an import replaces go.
DELETE FROM {d}.boxes WHERE image_id IN (SELECT image_id FROM image_plan WHERE action = 'replace')
