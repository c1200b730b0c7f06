-- A new class.
-- ?1…?5 class_id, name, supercategory, colour, source_id
INSERT INTO {d}.classes VALUES (?, ?, ?, ?, ?, false, NULL)
