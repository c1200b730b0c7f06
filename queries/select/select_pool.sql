-- Every image, and whether it is spoken for: worked on, done or skipped, or waiting in a package that is open.
SELECT i.image_id, i.state <> 'unlabelled' OR p.image_id IS NOT NULL AS taken
FROM {d}.images i LEFT JOIN (
    SELECT DISTINCT image_id FROM {d}.package_images JOIN {d}.packages USING (package_id) WHERE NOT closed
) p USING (image_id)
ORDER BY i.image_id
