"""What the Central System decides. Knows the standard's words; knows no XML, no HTTP and no SQL."""
