"""From photos to a published model: one essay a demo, and what they share."""
