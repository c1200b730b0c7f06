-- What was published is done. `{seqs}` is the list of seq that the fold read.
DELETE FROM {d}.unfolded WHERE seq IN ({seqs})
