"""Larderlark keeps a pantry, shopping lists, recipes and a meal plan."""
