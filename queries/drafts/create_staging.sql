-- A place on this connection for drafts that wait to be put on images. Made for every use, so that nothing is left of another.
CREATE OR REPLACE TEMP TABLE staged_drafts (image_id BIGINT, class_id INTEGER, x DOUBLE, y DOUBLE, w DOUBLE, h DOUBLE, score DOUBLE)
