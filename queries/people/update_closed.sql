-- A package is closed or opened again; nobody holds it then.
-- ?1 closed · ?2 package_id
UPDATE {d}.packages SET closed = ?, claimed_by = NULL, claimed_at = NULL, active_at = NULL WHERE package_id = ?
