-- What each source of {run} finds of the truth at IoU {iou}, whatever its score
WITH truth AS (
    SELECT b.* FROM {dataset}.boxes b JOIN {dataset}.images i USING (image_id)
    WHERE i.state IN ('labelled', 'reviewed') AND b.state = 'trusted' AND NOT b.is_crowd
      AND b.image_id IN (SELECT image_id FROM {dataset}.run_images_{run})
), pairs AS (
    SELECT a.source_run, t.box_id,
           greatest(least(a.x + a.w, t.x + t.w) - greatest(a.x, t.x), 0) * greatest(least(a.y + a.h, t.y + t.h) - greatest(a.y, t.y), 0) AS shared,
           a.w * a.h + t.w * t.h AS areas
    FROM truth t JOIN {dataset}.atoms_{run} a USING (image_id, class_id)
)
SELECT coalesce(source_run, 'any source') AS source, count(DISTINCT box_id) AS found, (SELECT count(*) FROM truth) AS truths,
       round(count(DISTINCT box_id) / (SELECT count(*) FROM truth), 4) AS coverage
FROM pairs WHERE shared / (areas - shared) >= {iou}
GROUP BY ROLLUP (source_run) ORDER BY coverage DESC
