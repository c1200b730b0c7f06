-- What can be said of every candidate without knowing any truth, in the order of `row`; names are part of the recipe.
-- Whatever is added up are whole numbers, billionths or millionths: their sums are the same in any order of threads.
WITH counted AS (
    SELECT *, round(1e9 * score)::BIGINT AS billionths, round(1e6 * score)::HUGEINT AS millionths FROM cal_votes
), votes AS (
    SELECT row, max(score) AS vote_max, sum(billionths)::DOUBLE / 1e9 / nullif(count(score), 0) AS vote_mean,
           coalesce(sqrt(greatest(count(score) * sum(millionths * millionths) - sum(millionths) * sum(millionths), 0)::DOUBLE)
                    / 1e6 / nullif(count(score), 0), 0) AS vote_std,
           bool_or(stage = 'detector') AS by_detector, bool_or(stage = 'text') AS by_text,
           bool_or(stage = 'similarity') AS by_similarity, max(iou) AS vote_iou_max,
           sum(round(1e9 * iou)::BIGINT)::DOUBLE / 1e9 / count(*) AS vote_iou_mean
    FROM counted GROUP BY row
), ranked AS (
    SELECT row, image_id, class_id, raw AS score,
           row_number() OVER (PARTITION BY image_id ORDER BY raw DESC, row) AS image_rank,
           row_number() OVER (PARTITION BY image_id, class_id ORDER BY raw DESC, row) AS class_rank,
           count(*) OVER (PARTITION BY image_id) AS image_count,
           count(*) OVER (PARTITION BY image_id, class_id) AS class_count,
           sum(round(1e9 * raw)::BIGINT) OVER (PARTITION BY image_id)::DOUBLE / 1e9 AS image_sum,
           sum(round(1e9 * raw)::BIGINT) OVER (PARTITION BY image_id, class_id)::DOUBLE / 1e9 AS class_sum,
           max(raw) OVER (PARTITION BY image_id) AS image_max,
           max(raw) OVER (PARTITION BY image_id, class_id) AS class_max
    FROM cal_candidates
), around AS (
    SELECT o.a AS row,
           count(*) FILTER (WHERE o.same_class AND o.iou >= 0.5) AS same_support,
           max(o.iou) FILTER (WHERE o.same_class) AS same_iou_max,
           max(r.score) FILTER (WHERE o.same_class AND o.iou >= 0.5) AS same_score_max,
           max(o.iou) FILTER (WHERE o.same_class AND (r.score, -r.row) > (mine.score, -mine.row)) AS better_iou_max,
           max(r.score) FILTER (WHERE o.same_class AND (r.score, -r.row) > (mine.score, -mine.row)) AS better_score_max,
           count(*) FILTER (WHERE NOT o.same_class AND o.iou >= 0.5) AS other_support,
           max(o.iou) FILTER (WHERE NOT o.same_class) AS other_iou_max,
           max(r.score) FILTER (WHERE NOT o.same_class AND o.iou >= 0.5) AS other_score_max,
           max(o.covered) FILTER (WHERE r.score > mine.score) AS covered_by_better
    FROM cal_overlaps o JOIN ranked r ON r.row = o.b JOIN ranked mine ON mine.row = o.a
    GROUP BY o.a
)
SELECT c.row,
       c.raw::FLOAT AS score,
       v.vote_max::FLOAT AS vote_max, v.vote_mean::FLOAT AS vote_mean, v.vote_std::FLOAT AS vote_std,
       v.vote_iou_max::FLOAT AS vote_iou_max, v.vote_iou_mean::FLOAT AS vote_iou_mean,
       c.n_atoms::FLOAT AS n_atoms, c.n_sources::FLOAT AS n_sources,
       ((c.x + c.w / 2) / i.width)::FLOAT AS centre_x, ((c.y + c.h / 2) / i.height)::FLOAT AS centre_y,
       (c.w / i.width)::FLOAT AS rel_width, (c.h / i.height)::FLOAT AS rel_height,
       ln(greatest(c.w * c.h, 1) / (i.width * i.height))::FLOAT AS ln_area,
       ln(greatest(c.w, 1) / greatest(c.h, 1))::FLOAT AS ln_aspect,
       (least(c.x, c.y, i.width - c.x - c.w, i.height - c.y - c.h) / sqrt(i.width * i.height))::FLOAT AS edge,
       coalesce(a.same_support, 0)::FLOAT AS same_support, a.same_iou_max::FLOAT AS same_iou_max,
       a.same_score_max::FLOAT AS same_score_max, a.better_iou_max::FLOAT AS better_iou_max,
       (r.score - a.better_score_max)::FLOAT AS better_margin,
       coalesce(a.other_support, 0)::FLOAT AS other_support, a.other_iou_max::FLOAT AS other_iou_max,
       (r.score - a.other_score_max)::FLOAT AS other_margin, a.covered_by_better::FLOAT AS covered_by_better,
       r.image_rank::FLOAT AS image_rank, r.class_rank::FLOAT AS class_rank, r.image_count::FLOAT AS image_count,
       r.class_count::FLOAT AS class_count,
       ((r.image_sum - r.score) / greatest(r.image_count - 1, 1))::FLOAT AS image_mean_other,
       ((r.class_sum - r.score) / greatest(r.class_count - 1, 1))::FLOAT AS class_mean_other,
       r.image_max::FLOAT AS image_max, (r.score - r.class_max)::FLOAT AS below_class_max,
       coalesce(n.near, 0)::FLOAT AS near, coalesce(n.near_same, 0)::FLOAT AS near_same,
       n.near_same_score::FLOAT AS near_same_score,
       (v.by_detector)::INTEGER::FLOAT AS by_detector, (v.by_text)::INTEGER::FLOAT AS by_text,
       (v.by_similarity)::INTEGER::FLOAT AS by_similarity,
       (v.by_text AND NOT v.by_detector AND NOT v.by_similarity)::INTEGER::FLOAT AS only_text,
       (v.by_similarity AND NOT v.by_detector AND NOT v.by_text)::INTEGER::FLOAT AS only_similarity
FROM cal_candidates c JOIN cal_images i USING (image_id) JOIN ranked r USING (row)
LEFT JOIN votes v USING (row) LEFT JOIN around a USING (row) LEFT JOIN cal_neighbours n USING (row)
ORDER BY c.row
