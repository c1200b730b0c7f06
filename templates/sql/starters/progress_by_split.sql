-- Progress: states of images by split
PIVOT (SELECT split, state FROM {dataset}.images) ON state USING count(*) GROUP BY split ORDER BY split
