-- What each look of a model said of a candidate: its atoms in the candidate, by source run.
INSERT INTO cal_votes
SELECT c.row, a.source_run, any_value(a.stage), max(a.score), count(*), max(m.iou)
FROM {d}."candidate_atoms_{run}" m JOIN {d}."atoms_{run}" a USING (atom_id) JOIN cal_candidates c USING (candidate_id)
GROUP BY c.row, a.source_run
