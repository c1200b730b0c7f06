-- All classes, retired ones too.
SELECT class_id, name, supercategory, colour, source_id, retired, retired_into FROM {d}.classes ORDER BY class_id
