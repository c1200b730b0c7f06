-- How many such boxes every living class has, and on how many images.
SELECT c.class_id, c.name, count(t.box_id) AS n_boxes, count(DISTINCT t.image_id) AS n_images
FROM {d}.classes c LEFT JOIN (
    SELECT b.box_id, b.image_id, b.class_id
    FROM {d}.boxes b JOIN {d}.images i USING (image_id)
    WHERE b.state = 'trusted' AND NOT b.is_crowd AND i.state IN ('labelled', 'reviewed')
) t USING (class_id)
WHERE NOT c.retired
GROUP BY c.class_id, c.name ORDER BY c.class_id
