-- The current embeddings of boxes or images: embeddings('coins.boxes'), with an encoder as a second argument where there
-- are several. The number in it stands for the open workspace and is put in when it is opened.
CREATE OR REPLACE MACRO main.embeddings
    (place) AS TABLE (SELECT * FROM tator_embeddings(-1, place, '')),
    (place, encoder) AS TABLE (SELECT * FROM tator_embeddings(-1, place, encoder))
