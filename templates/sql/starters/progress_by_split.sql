-- Progress: states of images by split
SELECT split,
       count(*) FILTER (WHERE state = 'unlabelled') AS unlabelled,
       count(*) FILTER (WHERE state = 'in_progress') AS in_progress,
       count(*) FILTER (WHERE state = 'labelled') AS labelled,
       count(*) FILTER (WHERE state = 'reviewed') AS reviewed,
       count(*) FILTER (WHERE state = 'skipped') AS skipped,
       count(*) AS images
FROM {dataset}.images
GROUP BY split
ORDER BY images DESC
