"""Both vendors as one local server."""
