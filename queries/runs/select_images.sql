-- What became of each image in each stage of a run, on a range of images.
-- ?1 first image_id · ?2 last image_id
SELECT i.image_id, i.content_hash, i.stage, i.source_run, i.status, i.error, i.n_atoms, t.ms
FROM {d}."run_images_{run}" i LEFT JOIN {d}."run_timings_{run}" t USING (image_id, source_run)
WHERE i.image_id BETWEEN ? AND ? ORDER BY i.image_id, i.source_run
