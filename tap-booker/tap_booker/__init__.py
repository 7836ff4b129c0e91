"""Singer tap for Booker by Mindbody."""
