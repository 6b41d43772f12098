"""The door for people and programs: a page, health checks. Knows Flask; the SOAP endpoint is mounted, not known."""
