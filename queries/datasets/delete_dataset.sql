-- A dataset leaves the workspace (its folder goes to the trash first).
-- ?1 name
DELETE FROM tator.datasets WHERE name = ?
