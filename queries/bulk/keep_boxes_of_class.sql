-- The boxes of a class, kept before they get another.
-- ?1 change_id · ?2 class_id
INSERT INTO {d}.removed_boxes SELECT ?, 'before', b.* FROM {d}.boxes b WHERE class_id = ?
