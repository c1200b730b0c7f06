-- The new classes of an import.
INSERT INTO {d}.classes
SELECT p.class_id, s.name, s.supercategory, '', s.source_id, false, NULL
FROM class_plan p JOIN staged_classes s ON s.key = p.key WHERE p.is_new ORDER BY p.class_id
