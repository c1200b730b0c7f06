-- The rows of one calibration while it is computed: temporary, on a connection of their own.
CREATE OR REPLACE TEMP TABLE cal_images (
    image_id BIGINT NOT NULL,
    width DOUBLE NOT NULL,
    height DOUBLE NOT NULL,
    is_truth BOOLEAN NOT NULL
);
-- Every candidate of those images; `row` counts from 0 in the order of image and candidate.
CREATE OR REPLACE TEMP TABLE cal_candidates (
    row INTEGER NOT NULL,
    candidate_id BIGINT NOT NULL,
    image_id BIGINT NOT NULL,
    class_id INTEGER NOT NULL,
    x DOUBLE NOT NULL,
    y DOUBLE NOT NULL,
    w DOUBLE NOT NULL,
    h DOUBLE NOT NULL,
    score DOUBLE,
    raw DOUBLE NOT NULL,
    n_atoms INTEGER NOT NULL,
    n_sources INTEGER NOT NULL
);
-- What a source said of a candidate itself: its best score, how many boxes, how near the nearest.
CREATE OR REPLACE TEMP TABLE cal_votes (
    row INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    score DOUBLE,
    atoms INTEGER NOT NULL,
    iou DOUBLE NOT NULL
);
-- Pairs of candidates of one image that overlap, both ways round.
CREATE OR REPLACE TEMP TABLE cal_overlaps (
    a INTEGER NOT NULL,
    b INTEGER NOT NULL,
    iou DOUBLE NOT NULL,
    covered DOUBLE NOT NULL,
    same_class BOOLEAN NOT NULL
);
-- Candidates whose centres lie near, a row for each candidate that has any.
CREATE OR REPLACE TEMP TABLE cal_neighbours (
    row INTEGER NOT NULL,
    near INTEGER NOT NULL,
    near_same INTEGER NOT NULL,
    near_same_score DOUBLE
);
