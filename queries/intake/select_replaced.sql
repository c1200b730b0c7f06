-- Which images an import replaced.
SELECT image_id FROM image_plan WHERE action = 'replace' ORDER BY image_id
