-- Every box with the size of its image, by image and number; `truth` says whether its image is finished.
SELECT b.box_id, b.image_id, b.class_id, b.x, b.y, b.w, b.h, b.is_crowd, b.angle IS NOT NULL AND b.angle <> 0 AS turned,
       i.width, i.height, i.state IN ('labelled', 'reviewed') AS truth
FROM {d}.boxes b JOIN {d}.images i USING (image_id) ORDER BY b.image_id, b.box_id
