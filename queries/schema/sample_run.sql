-- The tables of a run and of a calibration without a row, so that statements over them can be prepared in a fresh workspace.
CREATE TABLE IF NOT EXISTS {d}.run_images_sample (image_id BIGINT, content_hash VARCHAR, stage VARCHAR, source_run VARCHAR, status VARCHAR, error VARCHAR, n_atoms INTEGER);
CREATE TABLE IF NOT EXISTS {d}.run_timings_sample (image_id BIGINT, source_run VARCHAR, ms DOUBLE);
CREATE TABLE IF NOT EXISTS {d}.atoms_sample (
    atom_id BIGINT, image_id BIGINT, class_id INTEGER, x DOUBLE, y DOUBLE, w DOUBLE, h DOUBLE, score DOUBLE, calibrated DOUBLE,
    stage VARCHAR, source VARCHAR, source_run VARCHAR, window_index INTEGER, prompt VARCHAR, prompt_kind VARCHAR,
    exemplar_box_id BIGINT, model_class VARCHAR
);
CREATE TABLE IF NOT EXISTS {d}.candidates_sample (
    candidate_id BIGINT, image_id BIGINT, class_id INTEGER, x DOUBLE, y DOUBLE, w DOUBLE, h DOUBLE, score DOUBLE,
    score_source VARCHAR, source VARCHAR, sources VARCHAR[], n_atoms INTEGER, n_sources INTEGER
);
CREATE TABLE IF NOT EXISTS {d}.candidate_atoms_sample (candidate_id BIGINT, atom_id BIGINT, image_id BIGINT, iou DOUBLE);
CREATE TABLE IF NOT EXISTS {d}.scores_sample (candidate_id BIGINT, image_id BIGINT, class_id INTEGER, score DOUBLE, fold INTEGER, part VARCHAR, kept BOOLEAN, accepted BOOLEAN, band VARCHAR, is_right BOOLEAN, finding VARCHAR);
CREATE TABLE IF NOT EXISTS {d}.features_sample (candidate_id BIGINT, image_id BIGINT, class_id INTEGER, target FLOAT);
CREATE TABLE IF NOT EXISTS {d}.missed_sample (box_id BIGINT, image_id BIGINT, class_id INTEGER, reached BOOLEAN);
