"""Recipes: from a link into the book, and scaled for a table."""
