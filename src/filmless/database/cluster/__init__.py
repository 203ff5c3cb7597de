"""The private PostgreSQL server: made, started, stopped, and whether it keeps what it confirms."""
