-- The images of a run on which no stage failed and that are still the same picture; those without candidates too.
INSERT INTO cal_images
SELECT i.image_id, i.width, i.height, i.state IN ('labelled', 'reviewed')
FROM {d}.images i JOIN (
    SELECT image_id, max(content_hash) AS content_hash FROM {d}."run_images_{run}"
    GROUP BY image_id HAVING count(*) FILTER (WHERE status = 'failed') = 0
) r USING (image_id)
WHERE (i.content_hash = r.content_hash OR i.content_hash = '' OR r.content_hash = '') AND i.width > 0 AND i.height > 0
ORDER BY i.image_id
