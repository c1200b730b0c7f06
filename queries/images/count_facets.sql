-- How many images a filter means, by state and split. The placeholder is the filter's predicate.
WITH boxes AS NOT MATERIALIZED (FROM {d}.boxes), classes AS NOT MATERIALIZED (FROM {d}.classes), images AS NOT MATERIALIZED (FROM {d}.images),
tags AS NOT MATERIALIZED (FROM {d}.tags), comments AS NOT MATERIALIZED (FROM {d}.comments), package_images AS NOT MATERIALIZED (FROM {d}.package_images)
SELECT state, split, count(*)::BIGINT AS n FROM images WHERE ({where}) GROUP BY state, split
