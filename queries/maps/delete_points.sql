-- The places of a map that is about to be made anew.
-- ?1 map
DELETE FROM {d}.map_points WHERE map = ?
