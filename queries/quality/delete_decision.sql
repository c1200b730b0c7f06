-- A finding waits again, or is about to be decided anew.
-- ?1 key
DELETE FROM {d}.quality_decisions WHERE key = ?
