-- Images on which every object is labelled, with their sizes: what lies beside the boxes there is background.
SELECT image_id, content_hash, width, height FROM {d}.images WHERE state IN ('labelled', 'reviewed') ORDER BY image_id
