-- Who works on a package: taken with both times, given back with none.
-- ?1 claimed_by · ?2 claimed_at · ?3 active_at · ?4 package_id
UPDATE {d}.packages SET claimed_by = ?, claimed_at = make_timestamp(?::BIGINT), active_at = make_timestamp(?::BIGINT) WHERE package_id = ?
