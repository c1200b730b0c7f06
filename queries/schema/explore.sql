-- What is found out about a dataset: maps of its vectors, and the quality of its pictures and boxes. Older workspaces get them when they open.
CREATE TABLE IF NOT EXISTS {d}.maps (
    map VARCHAR NOT NULL,
    encoder VARCHAR NOT NULL,
    "of" VARCHAR NOT NULL,
    method VARCHAR NOT NULL,
    points BIGINT NOT NULL,
    fingerprint VARCHAR NOT NULL,
    parameters VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL
);
-- Places on all maps; a view `map_<name>` shows those of one.
CREATE TABLE IF NOT EXISTS {d}.map_points (map VARCHAR NOT NULL, image_id BIGINT NOT NULL, box_id BIGINT, x FLOAT NOT NULL, y FLOAT NOT NULL);
-- Figures of a picture, by the content they were measured on; `problem` says why there are none.
CREATE TABLE IF NOT EXISTS {d}.quality_images (
    image_id BIGINT NOT NULL,
    content_hash VARCHAR NOT NULL,
    sharpness DOUBLE,
    brightness DOUBLE,
    contrast DOUBLE,
    black DOUBLE,
    white DOUBLE,
    colourfulness DOUBLE,
    fingerprint UBIGINT,
    problem VARCHAR
);
CREATE TABLE IF NOT EXISTS {d}.quality_boxes (
    box_id BIGINT NOT NULL,
    image_id BIGINT NOT NULL,
    suspicion DOUBLE,
    suggested_class_id INTEGER,
    confident BOOLEAN,
    class_distance DOUBLE,
    outlier DOUBLE,
    size_deviation DOUBLE,
    aspect_deviation DOUBLE,
    overlap DOUBLE,
    overlap_box_id BIGINT
);
CREATE TABLE IF NOT EXISTS {d}.duplicates (
    first_image_id BIGINT NOT NULL,
    second_image_id BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    cosine DOUBLE,
    bits INTEGER,
    leak BOOLEAN NOT NULL,
    overlay DOUBLE
);
-- How well two pictures fit when they are laid on each other; looks of older versions did not tell.
ALTER TABLE {d}.duplicates ADD COLUMN IF NOT EXISTS overlay DOUBLE;
-- What the latest look found, whatever was decided; x, y, w, h and class_id are of the box when
-- it was looked at (of no box: where one is missing), new_x … where it would fit better.
CREATE TABLE IF NOT EXISTS {d}.quality_findings (
    key VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    image_id BIGINT NOT NULL,
    box_id BIGINT,
    other_id BIGINT,
    class_id INTEGER,
    suggested_class_id INTEGER,
    x DOUBLE,
    y DOUBLE,
    w DOUBLE,
    h DOUBLE,
    new_x DOUBLE,
    new_y DOUBLE,
    new_w DOUBLE,
    new_h DOUBLE,
    score DOUBLE NOT NULL,
    why VARCHAR NOT NULL,
    run VARCHAR
);
-- The run whose models saw what is told, or NULL; looks of older versions did not tell.
ALTER TABLE {d}.quality_findings ADD COLUMN IF NOT EXISTS run VARCHAR;
-- What a person said about a finding: keep, fix or skip. It outlives the next look.
CREATE TABLE IF NOT EXISTS {d}.quality_decisions (
    key VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    decision VARCHAR NOT NULL,
    image_id BIGINT NOT NULL,
    box_id BIGINT,
    change_id BIGINT,
    author VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL
);
-- Findings that still wait for a person: not decided, or by a change that was taken back, and of a box that has not changed since; a leak
-- only while its two images are in different splits.
CREATE OR REPLACE VIEW {d}.quality_open AS
SELECT f.* FROM {d}.quality_findings f
LEFT JOIN {d}.boxes b ON b.box_id = f.box_id
WHERE (f.box_id IS NULL OR (b.class_id = f.class_id AND (b.x, b.y, b.w, b.h) = (f.x, f.y, f.w, f.h)))
  AND f.image_id IN (SELECT image_id FROM {d}.images)
  AND (f.kind NOT IN ('exact_duplicate', 'near_duplicate', 'leak') OR f.other_id IN (SELECT image_id FROM {d}.images))
  AND (f.kind <> 'leak' OR (SELECT split FROM {d}.images i WHERE i.image_id = f.image_id) <> (SELECT split FROM {d}.images i WHERE i.image_id = f.other_id))
  AND (f.kind NOT IN ('overlap', 'conflict') OR f.other_id IN (SELECT box_id FROM {d}.boxes))
  AND f.key NOT IN (
    SELECT q.key FROM {d}.quality_decisions q LEFT JOIN {d}.changes c ON c.change_id = q.change_id
    WHERE c.status IS DISTINCT FROM 'undone'
  );
