-- Images whose boxes a change swapped: a new revision and the right count.
-- ?1 now · ?2 change_id
UPDATE {d}.images SET revision = revision + 1, updated_at = make_timestamp($1),
       n_boxes = (SELECT count(*) FROM {d}.boxes b WHERE b.image_id = images.image_id)::INTEGER
WHERE image_id IN (SELECT image_id FROM {d}.removed_boxes WHERE change_id = $2)
