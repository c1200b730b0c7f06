-- A class is retired into another, or comes back (false, NULL).
-- ?1 retired · ?2 retired_into · ?3 class_id
UPDATE {d}.classes SET retired = ?, retired_into = ? WHERE class_id = ?
