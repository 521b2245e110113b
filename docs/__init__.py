"""Pages for readers; `tools` generates those that come from the code."""
