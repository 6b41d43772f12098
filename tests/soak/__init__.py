"""A gateway that is killed, stopped, reloaded and bereft of its database under load, and a count of its own."""
