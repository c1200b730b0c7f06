-- A map is about to be made anew.
-- ?1 map
DELETE FROM {d}.maps WHERE map = ?
