import unittest

from larderlark.recipes.importer import NoRecipe, clean, import_recipe
from larderlark.recipes.scale import scale


class Import(unittest.TestCase):
    def test_a_page_without_a_recipe_is_refused(self):
        with self.assertRaises(NoRecipe):
            import_recipe({"@type": "NewsArticle"})

    def test_ingredients_come_in_their_order(self):
        data = {"@type": "Recipe", "name": " Bread ", "recipeIngredient": ["500 g  flour", "10 g salt"]}
        self.assertEqual(import_recipe(data), {"name": "Bread", "ingredients": ["500 g flour", "10 g salt"]})

    def test_ornaments_go(self):
        self.assertEqual(clean("\u2022 2 eggs"), "2 eggs")


class Scale(unittest.TestCase):
    def test_twice_as_many_servings_take_twice_as_much(self):
        self.assertEqual(scale(250, 8, 4), 500)

    def test_nobody_eats_nothing(self):
        with self.assertRaises(ValueError):
            scale(1, 0, 4)


if __name__ == "__main__":
    unittest.main()
