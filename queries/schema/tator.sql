-- Tator's own tables: what exists once in a workspace.
CREATE SCHEMA IF NOT EXISTS tator;
CREATE TABLE IF NOT EXISTS tator.meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL);
-- One row a dataset; the counters only grow, so that numbers are never reused.
CREATE TABLE IF NOT EXISTS tator.datasets (
    name VARCHAR NOT NULL,
    task VARCHAR NOT NULL,
    home VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    next_image_id BIGINT NOT NULL,
    next_box_id BIGINT NOT NULL,
    next_class_id INTEGER NOT NULL,
    next_change_id BIGINT NOT NULL
);
-- Jobs, newest last; the worker is the only writer.
CREATE TABLE IF NOT EXISTS tator.jobs (
    job_id BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    dataset VARCHAR,
    request VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    report VARCHAR,
    log VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    finished_at TIMESTAMP
);
