-- The nearest rows of a box or an image, most alike first: knn('coins.boxes', 7, 20), with an encoder as a fourth
-- argument where there are several. The number in it stands for the open workspace and is put in when it is opened.
CREATE OR REPLACE MACRO main.knn
    (place, id, k) AS TABLE (SELECT * FROM tator_knn(-1, place, id, k, '')),
    (place, id, k, encoder) AS TABLE (SELECT * FROM tator_knn(-1, place, id, k, encoder))
