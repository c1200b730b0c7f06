-- Which class each staged one is: the living one of that name, the successor of a retired one, or a new one.
-- ?1 first free class_id
INSERT INTO class_plan
WITH RECURSIVE living AS (
    SELECT class_id, class_id AS living_id, retired_into FROM {d}.classes
    UNION
    SELECT living.class_id, c.class_id, c.retired_into FROM living JOIN {d}.classes c ON c.class_id = living.retired_into
),
known AS (
    SELECT c.name, arg_min(l.living_id, c.retired::INTEGER) AS class_id
    FROM {d}.classes c JOIN living l ON l.class_id = c.class_id AND l.retired_into IS NULL GROUP BY c.name
),
named AS (SELECT s.key, k.class_id FROM staged_classes s LEFT JOIN known k ON k.name = s.name)
SELECT key, coalesce(class_id, (? - 1 + row_number() OVER (PARTITION BY class_id IS NULL ORDER BY key)))::INTEGER, class_id IS NULL FROM named
