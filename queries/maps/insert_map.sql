-- The record of a map.
-- ?1 map · ?2 encoder · ?3 of · ?4 method · ?5 points · ?6 fingerprint of the model · ?7 parameters as JSON · ?8 made at, microseconds
INSERT INTO {d}.maps VALUES (?, ?, ?, ?, ?, ?, ?, make_timestamp(?))
