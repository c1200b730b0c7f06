-- What the look before found goes; what people decided stays.
DELETE FROM {d}.quality_boxes;
DELETE FROM {d}.duplicates;
DELETE FROM {d}.quality_findings;
