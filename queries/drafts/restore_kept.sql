-- Drafts that an undo has kept come back, but never beside boxes that people made meanwhile.
-- ?1 change_id
INSERT INTO {d}.boxes SELECT * EXCLUDE (change_id, side) FROM {d}.removed_boxes r
WHERE change_id = ? AND side = 'after' AND box_id NOT IN (SELECT box_id FROM {d}.boxes)
  AND image_id IN (SELECT image_id FROM {d}.images WHERE state = 'unlabelled')
  AND image_id NOT IN (SELECT image_id FROM {d}.boxes WHERE state = 'trusted')
ORDER BY image_id, box_id
