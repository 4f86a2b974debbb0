"""Which findings the fix of another finding also fixes."""
