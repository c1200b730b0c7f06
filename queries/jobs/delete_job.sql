-- The row of a job goes, to be written anew.
-- ?1 job_id
DELETE FROM tator.jobs WHERE job_id = ?
