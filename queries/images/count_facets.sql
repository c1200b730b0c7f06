-- How many images a filter means, by state and split. `{where}` is the filter's predicate.
WITH boxes AS (FROM {d}.boxes), classes AS (FROM {d}.classes), images AS (FROM {d}.images)
SELECT state, split, count(*)::BIGINT AS n FROM images WHERE ({where}) GROUP BY state, split
