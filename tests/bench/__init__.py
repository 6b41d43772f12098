"""What `make bench` runs: the gateway's speed next to a floor that does the least a gateway could do."""
