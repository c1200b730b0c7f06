-- What each source says of a candidate: the score it gave itself, the best it gave to one of the same class that overlaps
-- by half, the same weighted by the overlap, and how many such boxes; rows that a source says nothing of are left out.
WITH heard AS (
    SELECT row, source, score AS own, score AS support, score AS weighed, iou, atoms FROM cal_votes
    UNION ALL
    SELECT o.a, v.source, NULL, v.score, v.score * o.iou, o.iou, v.atoms
    FROM cal_overlaps o JOIN cal_votes v ON v.row = o.b
    WHERE o.same_class AND o.iou >= 0.5
)
SELECT row, source, max(own)::FLOAT AS own, max(support)::FLOAT AS support, max(weighed)::FLOAT AS weighed,
       sum(atoms)::FLOAT AS atoms
FROM heard GROUP BY row, source ORDER BY row, source
