-- Proposals of a segmenter for the boxes of a class: where a box was when it was looked at, and where its object is.
CREATE TABLE IF NOT EXISTS {d}.tweaks (
    tweak_id BIGINT NOT NULL,
    box_id BIGINT NOT NULL,
    image_id BIGINT NOT NULL,
    class_id INTEGER NOT NULL,
    x DOUBLE NOT NULL,
    y DOUBLE NOT NULL,
    w DOUBLE NOT NULL,
    h DOUBLE NOT NULL,
    new_x DOUBLE NOT NULL,
    new_y DOUBLE NOT NULL,
    new_w DOUBLE NOT NULL,
    new_h DOUBLE NOT NULL,
    polygon DOUBLE[][],
    score DOUBLE NOT NULL,
    iou DOUBLE NOT NULL
);
