-- Which atoms a run's candidates are made of, on a range of images.
-- ?1 first image_id · ?2 last image_id
SELECT candidate_id, atom_id, image_id, iou
FROM {d}."candidate_atoms_{run}" WHERE image_id BETWEEN ? AND ? ORDER BY image_id, candidate_id, atom_id
