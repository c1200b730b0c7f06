-- The candidates in the order of `row`.
SELECT candidate_id, image_id, class_id, x, y, w, h, score FROM cal_candidates ORDER BY row
