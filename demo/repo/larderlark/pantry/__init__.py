"""What is in the house."""
