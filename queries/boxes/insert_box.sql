-- One box of an edit.
-- ?1…?7 box_id, image_id, class_id, x, y, w, h · ?8 polygon as JSON · ?9…?17 angle, mask, area, is_crowd, origin, state, score, source_id, attributes · ?18 created · ?19 now
INSERT INTO {d}.boxes VALUES (?, ?, ?, ?, ?, ?, ?, from_json(?, '[["DOUBLE"]]'), ?, ?, ?, ?, ?, ?, ?, ?, ?, make_timestamp(?), make_timestamp(?))
