"""What happens without being asked: the journal's clean-up. Knows the ports of `central`; no XML, no HTTP, no SQL."""
