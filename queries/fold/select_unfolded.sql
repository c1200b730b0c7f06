-- What the fold has to publish.
SELECT seq, first_image_id, last_image_id FROM {d}.unfolded ORDER BY seq
