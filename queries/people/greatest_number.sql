-- The largest number that changes and comments have been given: they share one row of numbers.
SELECT greatest(coalesce((SELECT max(change_id) FROM {d}.changes), 0), coalesce((SELECT max(comment_id) FROM {d}.comments), 0))::BIGINT AS used
