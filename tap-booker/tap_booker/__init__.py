"""Singer tap for Booker by Mindbody: contacts and check-ins of a spa or salon, incrementally."""
