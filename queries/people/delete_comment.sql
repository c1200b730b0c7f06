-- A comment goes: it was taken back, or is written anew.
-- ?1 comment_id
DELETE FROM {d}.comments WHERE comment_id = ?
