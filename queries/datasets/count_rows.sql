-- How big a dataset is.
SELECT (SELECT count(*) FROM {d}.images)::BIGINT AS images, (SELECT count(*) FROM {d}.boxes)::BIGINT AS boxes,
       (SELECT count(*) FROM {d}.classes WHERE NOT retired)::BIGINT AS classes
