"""A Space on the Hub: what will change, one question, one commit, and every example asked."""
