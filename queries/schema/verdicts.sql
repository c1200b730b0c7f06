-- What people said of candidates without knowing their score: yes, no, other (with the class they saw) or skip. Boxes stay as they are.
CREATE TABLE IF NOT EXISTS {d}.verdicts (
    calibration VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    candidate_id BIGINT NOT NULL,
    image_id BIGINT NOT NULL,
    class_id INTEGER NOT NULL,
    band VARCHAR NOT NULL,
    answer VARCHAR NOT NULL,
    said_class_id INTEGER,
    author VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL
);
