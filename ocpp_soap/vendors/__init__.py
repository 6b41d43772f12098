"""Plug-ins for what vendors send in DataTransfer. Knows the contract in `central.handlers.vendor` and nothing else."""
