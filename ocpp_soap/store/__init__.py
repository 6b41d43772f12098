"""What is remembered: the unit of work and its repositories on SQLite and PostgreSQL. Knows no XML and no HTTP."""
