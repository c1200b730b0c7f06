-- A new dataset.
-- ?1 name · ?2 task · ?3 home as JSON · ?4 created · ?5…?8 next image_id, box_id, class_id, change_id
INSERT INTO tator.datasets VALUES (?, ?, ?, make_timestamp(?), ?, ?, ?, ?)
