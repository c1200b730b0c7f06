-- How alike two vectors are: 1 for the same direction, 0 for none, NULL for a vector of zeros, which has no direction
-- (list_cosine_similarity alone calls it the opposite of everything).
CREATE OR REPLACE MACRO main.cosine(a, b) AS
    CASE WHEN list_dot_product(a, a) > 0 AND list_dot_product(b, b) > 0 THEN list_cosine_similarity(a, b) END
