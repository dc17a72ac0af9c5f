"""Two or more judges on the same rated rows: who they are, which rows are fair, what they cost, how they differ."""
