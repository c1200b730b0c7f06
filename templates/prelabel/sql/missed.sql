-- Truths that nothing in {run} covers at IoU {iou}: a picture grid of what no threshold can bring back
WITH pairs AS (
    SELECT b.box_id,
           greatest(least(c.x + c.w, b.x + b.w) - greatest(c.x, b.x), 0) * greatest(least(c.y + c.h, b.y + b.h) - greatest(c.y, b.y), 0) AS shared,
           c.w * c.h + b.w * b.h AS areas
    FROM {dataset}.boxes b JOIN {dataset}.candidates_{run} c USING (image_id, class_id)
)
SELECT b.image_id, b.box_id, k.name AS class, round(b.w) AS w, round(b.h) AS h
FROM {dataset}.boxes b JOIN {dataset}.images i USING (image_id) JOIN {dataset}.classes k USING (class_id)
WHERE i.state IN ('labelled', 'reviewed') AND b.state = 'trusted' AND NOT b.is_crowd
  AND b.image_id IN (SELECT image_id FROM {dataset}.run_images_{run})
  AND b.box_id NOT IN (SELECT box_id FROM pairs WHERE shared / (areas - shared) >= {iou})
ORDER BY b.image_id, b.box_id
