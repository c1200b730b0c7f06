-- The tags of a dataset whose text holds a word, most used first.
-- ?1 the word, in lower case · ?2 how many
SELECT tag, count(*)::BIGINT AS n FROM {d}.tags WHERE contains(lower(tag), ?) GROUP BY tag ORDER BY n DESC, tag LIMIT ?
