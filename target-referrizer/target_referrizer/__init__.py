"""Singer target for Referrizer."""
