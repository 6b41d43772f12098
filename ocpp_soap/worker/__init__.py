"""What happens without being asked: the journal's clean-up, the end of peers that trickle.

Knows the ports of `central` and sockets; no XML, no HTTP, no SQL.
"""
