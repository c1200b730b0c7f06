-- What a person said about a finding.
-- ?1 key · ?2 kind · ?3 decision · ?4 image_id · ?5 box_id · ?6 the change that fixed it · ?7 author · ?8 now
INSERT INTO {d}.quality_decisions VALUES (?, ?, ?, ?, ?, ?, ?, make_timestamp(?))
