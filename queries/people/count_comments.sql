-- Images with comments that nobody has resolved, and those of them that were sent back.
SELECT count(DISTINCT image_id)::BIGINT AS open, count(DISTINCT image_id) FILTER (kind = 'sent_back')::BIGINT AS sent_back
FROM {d}.comments WHERE resolved_at IS NULL
