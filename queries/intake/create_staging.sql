-- What an import has read, before anything is decided. Temporary: gone with the connection, spilled when large.
CREATE TEMP TABLE staged_images (key INTEGER, path VARCHAR, file VARCHAR, width INTEGER, height INTEGER, orientation INTEGER, bytes BIGINT, split VARCHAR, state VARCHAR, source_id VARCHAR, attributes VARCHAR);
CREATE TEMP TABLE staged_hashes (key INTEGER, content_hash VARCHAR);
CREATE TEMP TABLE staged_classes (key INTEGER, name VARCHAR, supercategory VARCHAR, source_id VARCHAR);
CREATE TEMP TABLE staged_boxes (seq BIGINT, image_key INTEGER, class_key INTEGER, x DOUBLE, y DOUBLE, w DOUBLE, h DOUBLE, polygon DOUBLE[][], angle DOUBLE, mask VARCHAR, area DOUBLE, is_crowd BOOLEAN, origin VARCHAR, state VARCHAR, score DOUBLE, source_id VARCHAR, attributes VARCHAR);
CREATE TEMP TABLE class_plan (key INTEGER, class_id INTEGER, is_new BOOLEAN);
CREATE TEMP TABLE image_plan (key INTEGER, image_id BIGINT, action VARCHAR);
