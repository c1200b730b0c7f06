-- All jobs, newest first.
SELECT job_id, kind, title, dataset, request, state, message, report, log,
       epoch_us(created_at) AS created_us, epoch_us(started_at) AS started_us, epoch_us(finished_at) AS finished_us
FROM tator.jobs ORDER BY job_id DESC
