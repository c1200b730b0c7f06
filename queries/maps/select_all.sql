-- The maps of a dataset, the newest first.
SELECT map, encoder, "of", method, points, fingerprint, parameters, epoch_us(made_at) AS made_us FROM {d}.maps ORDER BY made_at DESC, map
