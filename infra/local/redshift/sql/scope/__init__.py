"""Which table and column each name means, and the type class of each column."""
