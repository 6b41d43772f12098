"""The command line: what an operator types, and how it is answered. It decides nothing that `central` decides."""
