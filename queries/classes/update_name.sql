-- A class gets another name.
-- ?1 name · ?2 class_id
UPDATE {d}.classes SET name = ? WHERE class_id = ?
