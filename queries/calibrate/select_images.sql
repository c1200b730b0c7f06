-- The images by number.
SELECT image_id, width, height, is_truth FROM cal_images ORDER BY image_id
