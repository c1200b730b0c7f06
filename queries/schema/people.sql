-- What people say about images, and how they share the work: tags, comments, packages. Older workspaces get them when they open.
CREATE TABLE IF NOT EXISTS {d}.tags (
    image_id BIGINT NOT NULL,
    tag VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL
);
-- `kind` is note or sent_back; a comment is open until somebody resolves it; `x`, `y` pin it to a point, `box_id` to a box.
CREATE TABLE IF NOT EXISTS {d}.comments (
    comment_id BIGINT NOT NULL,
    image_id BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    x DOUBLE,
    y DOUBLE,
    box_id BIGINT,
    author VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL,
    resolved_by VARCHAR,
    resolved_at TIMESTAMP
);
-- A batch of images that one person works on at a time; `kind` is label or review.
CREATE TABLE IF NOT EXISTS {d}.packages (
    package_id BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL,
    closed BOOLEAN NOT NULL,
    claimed_by VARCHAR,
    claimed_at TIMESTAMP,
    active_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS {d}.package_images (package_id BIGINT NOT NULL, image_id BIGINT NOT NULL);
