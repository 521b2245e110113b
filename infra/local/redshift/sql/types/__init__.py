"""Type classes and exact numeric types of expressions."""
