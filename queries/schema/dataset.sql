-- The tables of one dataset, in a schema of its name.
CREATE SCHEMA IF NOT EXISTS {d};
CREATE TABLE IF NOT EXISTS {d}.images (
    image_id BIGINT NOT NULL,
    path VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    content_hash VARCHAR NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    orientation INTEGER NOT NULL,
    bytes BIGINT NOT NULL,
    split VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    revision BIGINT NOT NULL,
    n_boxes INTEGER NOT NULL,
    source_id VARCHAR,
    attributes VARCHAR,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX IF NOT EXISTS images_by_id ON {d}.images (image_id);
CREATE TABLE IF NOT EXISTS {d}.boxes (
    box_id BIGINT NOT NULL,
    image_id BIGINT NOT NULL,
    class_id INTEGER NOT NULL,
    x DOUBLE NOT NULL,
    y DOUBLE NOT NULL,
    w DOUBLE NOT NULL,
    h DOUBLE NOT NULL,
    polygon DOUBLE[][],
    angle DOUBLE,
    mask VARCHAR,
    area DOUBLE,
    is_crowd BOOLEAN NOT NULL,
    origin VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    score DOUBLE,
    source_id VARCHAR,
    attributes VARCHAR,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX IF NOT EXISTS boxes_by_image ON {d}.boxes (image_id);
CREATE TABLE IF NOT EXISTS {d}.classes (
    class_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    supercategory VARCHAR,
    colour VARCHAR NOT NULL,
    source_id VARCHAR,
    retired BOOLEAN NOT NULL,
    retired_into INTEGER
);
-- Every change, with what is needed to take it back: the record of one image's edit, or the range of rows in `removed_*`.
CREATE TABLE IF NOT EXISTS {d}.changes (
    change_id BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    image_id BIGINT,
    revision BIGINT,
    client_id VARCHAR,
    record VARCHAR,
    n_images BIGINT NOT NULL,
    n_boxes BIGINT NOT NULL,
    status VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL
);
CREATE INDEX IF NOT EXISTS changes_by_image ON {d}.changes (image_id);
-- Rows that a change took out (`side` = before) or put in (`after`), whole, so that undo and redo swap them.
CREATE TABLE IF NOT EXISTS {d}.removed_images AS SELECT 0::BIGINT AS change_id, ''::VARCHAR AS side, * FROM {d}.images LIMIT 0;
CREATE TABLE IF NOT EXISTS {d}.removed_boxes AS SELECT 0::BIGINT AS change_id, ''::VARCHAR AS side, * FROM {d}.boxes LIMIT 0;
-- Ranges of images whose published rows are older than the working set; the fold empties it.
CREATE TABLE IF NOT EXISTS {d}.unfolded (seq BIGINT NOT NULL, first_image_id BIGINT NOT NULL, last_image_id BIGINT NOT NULL);
