"""A page where photos are kept, relabelled or put away: each mark is saved, and nothing moves until it is asked for."""
