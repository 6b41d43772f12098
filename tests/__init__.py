"""What the project promises, shown. A package, so that `python -m tests.bench` and shared pieces import by name."""
