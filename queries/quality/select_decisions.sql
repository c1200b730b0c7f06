-- Decisions of a kind, the newest first.
-- ?1 kind · ?2 how many
SELECT q.key, q.kind, q.decision, q.image_id, q.box_id, q.change_id, q.author, epoch_us(q."at") AS at_us, c.status IS NOT DISTINCT FROM 'undone' AS taken_back
FROM {d}.quality_decisions q LEFT JOIN {d}.changes c ON c.change_id = q.change_id WHERE q.kind = ?1 ORDER BY q."at" DESC, q.key LIMIT ?2
