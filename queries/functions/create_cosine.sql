-- How alike two vectors are: 1 for the same direction, 0 for none.
CREATE OR REPLACE MACRO main.cosine(a, b) AS list_cosine_similarity(a, b)
