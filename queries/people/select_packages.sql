-- The packages of a dataset in order, with how many images each has and how many of them are finished.
SELECT p.package_id, p.name, p.kind, p.author, epoch_us(p."at") AS at_us, p.closed, p.claimed_by,
       epoch_us(p.claimed_at) AS claimed_us, epoch_us(p.active_at) AS active_us, count(i.image_id)::BIGINT AS images,
       count(i.image_id) FILTER (i.state IN ('reviewed', 'skipped') OR (p.kind = 'label' AND i.state = 'labelled'))::BIGINT AS done
FROM {d}.packages p
LEFT JOIN {d}.package_images m ON m.package_id = p.package_id
LEFT JOIN {d}.images i ON i.image_id = m.image_id
GROUP BY ALL ORDER BY p.package_id
