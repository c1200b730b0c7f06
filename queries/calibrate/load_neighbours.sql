-- Candidates whose centre is within 0.075 of the image's sides, over bins of that width: each looks into its nine.
INSERT INTO cal_neighbours
WITH placed AS (
    SELECT c.row, c.image_id, c.class_id, c.raw, (c.x + c.w / 2) / i.width AS u, (c.y + c.h / 2) / i.height AS v,
           floor((c.x + c.w / 2) / i.width / 0.075)::INTEGER AS bin_u, floor((c.y + c.h / 2) / i.height / 0.075)::INTEGER AS bin_v
    FROM cal_candidates c JOIN cal_images i USING (image_id)
), looking AS (
    SELECT * EXCLUDE (bin_u), bin_u + unnest([-1, 0, 1]) AS bin_u FROM placed
), probes AS (
    SELECT * EXCLUDE (bin_v), bin_v + unnest([-1, 0, 1]) AS bin_v FROM looking
)
SELECT a.row, count(*), count(*) FILTER (WHERE a.class_id = b.class_id), sum(round(1e9 * b.raw)::BIGINT) FILTER (WHERE a.class_id = b.class_id)::DOUBLE
           / 1e9 / nullif(count(*) FILTER (WHERE a.class_id = b.class_id), 0)
FROM probes a JOIN placed b USING (image_id, bin_u, bin_v)
WHERE a.row <> b.row AND (a.u - b.u) ** 2 + (a.v - b.v) ** 2 <= 0.075 ** 2
GROUP BY a.row
