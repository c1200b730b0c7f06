-- The images that were changed after a change, each with its latest one; NULL stands for changes of many images.
-- ?1 change_id
SELECT image_id, max(change_id) AS change_id FROM {d}.changes WHERE change_id > ? GROUP BY image_id
