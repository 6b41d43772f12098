"""Messages that nobody would send, by the thousand: `python -m tests.fuzz --help`, or `make fuzz`."""
