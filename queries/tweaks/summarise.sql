-- What a tweak comes to: its class, how many proposals, how many move their box, mean overlap with the box before.
-- ?1 tweak_id
SELECT coalesce(min(class_id), 0) AS class_id, count(*) AS n, count(*) FILTER (WHERE iou < 0.99) AS moved,
       coalesce(avg(iou), 1) AS mean_iou
FROM {d}.tweaks WHERE tweak_id = ?
