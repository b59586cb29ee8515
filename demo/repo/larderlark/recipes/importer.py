"""A recipe from the structured data of a page (schema.org/Recipe)."""

import re
import unicodedata


class NoRecipe(Exception):
    """The page holds no recipe that we can read."""


def clean(text):
    """One line of an ingredient, without what a page puts in to look nice."""
    text = unicodedata.normalize("NFKC", text)
    return re.sub(r"\s+", " ", re.sub(r"[^0-9a-zA-Z ,.]", "", text)).strip()


def import_recipe(data):
    """{"name": ..., "ingredients": [...]} of the page's data."""
    if data.get("@type") != "Recipe":
        raise NoRecipe("there is no recipe on this page")
    return {"name": data["name"].strip(), "ingredients": [clean(line) for line in data["recipeIngredient"]]}
