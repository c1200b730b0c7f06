-- A comment on an image.
-- ?1…?8 comment_id, image_id, kind, text, x, y, box_id, author · ?9 when · ?10 who resolved it · ?11 when it was resolved
INSERT INTO {d}.comments VALUES (?, ?, ?, ?, ?, ?, ?, ?, make_timestamp(?), ?, make_timestamp(?::BIGINT))
