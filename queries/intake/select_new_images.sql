-- Which files of the source belong to new images.
SELECT s.key, s.file, s.path FROM staged_images s JOIN image_plan p ON p.key = s.key WHERE p.action = 'new' AND s.file <> '' ORDER BY p.image_id
