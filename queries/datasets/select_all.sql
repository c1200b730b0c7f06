-- All datasets, in no order: the plan is kept, and a kept plan must not sort (Engine::with).
SELECT name, task, home, epoch_us(created_at) AS created_us, next_image_id, next_box_id, next_class_id, next_change_id
FROM tator.datasets
