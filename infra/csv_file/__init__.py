"""Read CSV files strictly, by the grammar of RFC 4180: bytes, records, then columns of text."""
