-- A change is undone, done again, or final.
-- ?1 status · ?2 change_id
UPDATE {d}.changes SET status = ? WHERE change_id = ?
