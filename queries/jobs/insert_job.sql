-- A job as it stands; the row before is deleted first.
-- ?1…?9 job_id, kind, title, dataset, request, state, message, report, log · ?10…?12 created, started, finished
INSERT INTO tator.jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, make_timestamp(?), make_timestamp(?), make_timestamp(?))
