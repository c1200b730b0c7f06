-- A tag on an image.
-- ?1 image_id · ?2 tag · ?3 author · ?4 when
INSERT INTO {d}.tags VALUES (?, ?, ?, make_timestamp(?))
