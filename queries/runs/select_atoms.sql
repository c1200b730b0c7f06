-- The atoms of a run on a range of images.
-- ?1 first image_id · ?2 last image_id
SELECT atom_id, image_id, class_id, x, y, w, h, score, calibrated, stage, source, source_run, window_index, prompt, prompt_kind,
       exemplar_box_id, model_class
FROM {d}."atoms_{run}" WHERE image_id BETWEEN ? AND ? ORDER BY image_id, atom_id
