import unittest

from larderlark.recipes.importer import NoRecipe, import_recipe


class Hidden(unittest.TestCase):
    def test_pages_without_the_member_are_read_or_refused_but_never_a_key_error(self):
        self.assertEqual(import_recipe({"@type": "Recipe", "name": "Tea", "ingredients": ["1 bag"]})["ingredients"], ["1 bag"])
        try:
            import_recipe({"@type": "Recipe", "name": "Air"})
        except NoRecipe:
            pass


if __name__ == "__main__":
    unittest.main()
