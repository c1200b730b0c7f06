-- A package nobody has claimed yet.
-- ?1 package_id · ?2 name · ?3 kind · ?4 author · ?5 now
INSERT INTO {d}.packages VALUES (?, ?, ?, ?, make_timestamp(?), false, NULL, NULL, NULL)
