-- The drafts that an undo has kept go.
-- ?1 change_id
DELETE FROM {d}.boxes WHERE box_id IN (SELECT box_id FROM {d}.removed_boxes WHERE change_id = ? AND side = 'after')
