-- All datasets by name.
SELECT name, task, home, epoch_us(created_at) AS created_us, next_image_id, next_box_id, next_class_id, next_change_id
FROM tator.datasets ORDER BY name
