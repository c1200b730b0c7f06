-- Classes to publish, whole rows in order.
SELECT class_id, name, supercategory, colour, source_id, retired, retired_into FROM {d}.classes ORDER BY class_id
