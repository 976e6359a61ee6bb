"""Photos from a search, a list or a folder: one address at a time, whole, no two alike, and known where from."""
