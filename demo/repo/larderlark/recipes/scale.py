"""Amounts for another number of servings."""


def scale(amount, servings, original):
    """The amount for `servings`, of a recipe that is for `original`."""
    if servings < 1 or original < 1:
        raise ValueError("servings begin at 1")
    return round(amount * servings / original)
