-- The boxes that an import replaces, kept for its undo.
-- ?1 change_id
INSERT INTO {d}.removed_boxes SELECT ?, 'before', b.* FROM {d}.boxes b WHERE image_id IN (SELECT image_id FROM image_plan WHERE action = 'replace')
