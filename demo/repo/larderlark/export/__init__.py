"""What leaves the pantry."""
