-- The candidates of a run on a range of images.
-- ?1 first image_id · ?2 last image_id
SELECT candidate_id, image_id, class_id, x, y, w, h, score, score_source, source, sources, n_atoms, n_sources
FROM {d}."candidates_{run}" WHERE image_id BETWEEN ? AND ? ORDER BY image_id, candidate_id
