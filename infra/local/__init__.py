"""Local stand-ins for what AWS provides, and the generator of Olist-like data."""
