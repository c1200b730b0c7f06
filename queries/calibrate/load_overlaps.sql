-- Pairs of candidates that overlap by 0.2 or more, found over a grid: each image is cut into cells about as wide as its
-- middle box, a candidate lies in all cells it touches, and a pair is taken in the one cell that holds the top-left
-- corner of its intersection. So a pair comes once, and the work grows with the rows, not with their square.
INSERT INTO cal_overlaps
WITH side AS (
    SELECT c.image_id,
           greatest(1, least(64, floor(sqrt(count(*) / 4)), floor(any_value(i.width) / greatest(median(c.w), 1)))) AS nx,
           greatest(1, least(64, floor(sqrt(count(*) / 4)), floor(any_value(i.height) / greatest(median(c.h), 1)))) AS ny,
           any_value(i.width) AS width, any_value(i.height) AS height
    FROM cal_candidates c JOIN cal_images i USING (image_id) GROUP BY c.image_id
), spans AS (
    SELECT c.row, c.image_id, c.class_id, c.x, c.y, c.x + c.w AS x1, c.y + c.h AS y1, c.w * c.h AS area,
           s.width / s.nx AS cell_w, s.height / s.ny AS cell_h,
           least(greatest(floor(c.x * s.nx / s.width), 0), s.nx - 1)::INTEGER AS cx0,
           least(greatest(floor((c.x + c.w) * s.nx / s.width), 0), s.nx - 1)::INTEGER AS cx1,
           least(greatest(floor(c.y * s.ny / s.height), 0), s.ny - 1)::INTEGER AS cy0,
           least(greatest(floor((c.y + c.h) * s.ny / s.height), 0), s.ny - 1)::INTEGER AS cy1,
           s.nx, s.ny
    FROM cal_candidates c JOIN side s USING (image_id)
    WHERE c.w > 0 AND c.h > 0
), columns AS (
    SELECT *, unnest(range(cx0, cx1 + 1)) AS gx FROM spans
), cells AS (
    SELECT *, unnest(range(cy0, cy1 + 1)) AS gy FROM columns
), pairs AS (
    SELECT a.row AS a, b.row AS b, a.class_id = b.class_id AS same_class, a.area AS area_a, b.area AS area_b,
           (least(a.x1, b.x1) - greatest(a.x, b.x)) * (least(a.y1, b.y1) - greatest(a.y, b.y)) AS shared
    FROM cells a JOIN cells b USING (image_id, gx, gy)
    WHERE a.row < b.row AND a.x < b.x1 AND b.x < a.x1 AND a.y < b.y1 AND b.y < a.y1
      AND greatest(a.cx0, b.cx0) = gx AND greatest(a.cy0, b.cy0) = gy
), near AS (
    SELECT a, b, same_class, shared / (area_a + area_b - shared) AS iou, shared / area_a AS in_a, shared / area_b AS in_b
    FROM pairs WHERE shared >= 0.2 * (area_a + area_b - shared)
)
SELECT a, b, iou, in_a, same_class FROM near UNION ALL SELECT b, a, iou, in_b, same_class FROM near
