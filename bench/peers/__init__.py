"""What others do with the same work, as their own documentation shows it."""
