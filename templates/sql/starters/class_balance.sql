-- Class balance: boxes and images of every class
SELECT c.name, count(b.box_id) AS n_boxes, count(DISTINCT b.image_id) AS n_images,
       round(100 * count(b.box_id) / greatest(sum(count(b.box_id)) OVER (), 1), 2) AS percent
FROM {dataset}.classes c
LEFT JOIN {dataset}.boxes b USING (class_id)
WHERE NOT c.retired
GROUP BY c.name
ORDER BY n_boxes DESC, c.name
