"""The sign-in to Booker: a page or the terminal, and the credential file that comes of it."""
