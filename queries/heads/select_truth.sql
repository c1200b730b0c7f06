-- Boxes whose class people stand behind: trusted, of a living class, on images that are labelled or reviewed; no crowds.
SELECT b.box_id, b.image_id, b.class_id, b.x, b.y, b.w, b.h
FROM {d}.boxes b JOIN {d}.classes c USING (class_id) JOIN {d}.images i USING (image_id)
WHERE b.state = 'trusted' AND NOT b.is_crowd AND NOT c.retired AND i.state IN ('labelled', 'reviewed')
ORDER BY b.image_id, b.box_id
