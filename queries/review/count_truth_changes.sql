-- Images of a run whose truth is another than after a change: labelled since, no longer labelled, or labelled with other boxes. Drafts are no truth, and what was taken back has changed nothing.
-- ?1 change_id
WITH edits AS (
    SELECT change_id, image_id, record FROM {d}.changes WHERE change_id > $1 AND image_id IS NOT NULL
), bulk AS (
    SELECT c."at" FROM {d}.changes c LEFT JOIN {d}.changes o ON c.kind IN ('undo', 'redo') AND o.change_id = (c.record::JSON ->> '$.of')::BIGINT
    WHERE c.change_id > $1 AND c.image_id IS NULL AND coalesce(o.kind, c.kind) NOT IN ('drafts', 'rename')
      AND c.status <> 'undone' AND NOT coalesce(o.change_id > $1 AND o.status = 'undone', false)
), reached AS (
    SELECT image_id FROM {d}.images WHERE updated_at IN (FROM bulk)
), before AS (
    SELECT image_id, arg_min(record::JSON ->> '$.state_before', change_id) AS state FROM edits WHERE contains(record, '"state_before"') GROUP BY image_id
), stood AS (
    SELECT i.image_id, i.state IN ('labelled', 'reviewed') AS is_truth, coalesce(b.state, i.state) IN ('labelled', 'reviewed') AS was_truth
    FROM {d}.images i LEFT JOIN before b USING (image_id) WHERE i.image_id IN (SELECT image_id FROM edits UNION ALL FROM reached)
), touched AS (
    SELECT image_id, unnest(from_json(record, '{"before":[{"box_id":"BIGINT","class_id":"INTEGER","x":"DOUBLE","y":"DOUBLE","w":"DOUBLE","h":"DOUBLE","is_crowd":"BOOLEAN","state":"VARCHAR"}]}').before) AS box, -1 AS n
    FROM edits SEMI JOIN (FROM stood WHERE is_truth AND was_truth) USING (image_id)
    UNION ALL
    SELECT image_id, unnest(from_json(record, '{"after":[{"box_id":"BIGINT","class_id":"INTEGER","x":"DOUBLE","y":"DOUBLE","w":"DOUBLE","h":"DOUBLE","is_crowd":"BOOLEAN","state":"VARCHAR"}]}').after), 1
    FROM edits SEMI JOIN (FROM stood WHERE is_truth AND was_truth) USING (image_id)
), moved AS (
    SELECT image_id FROM touched WHERE box.state = 'trusted' GROUP BY image_id, box HAVING sum(n) <> 0
)
SELECT count(*) AS n FROM stood
WHERE (is_truth <> was_truth OR is_truth AND (image_id IN (FROM moved) OR image_id IN (FROM reached)))
  AND image_id IN (SELECT image_id FROM {d}."run_images_{run}")
