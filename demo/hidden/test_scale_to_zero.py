import unittest

from larderlark.recipes.scale import scale


class Hidden(unittest.TestCase):
    def test_what_is_in_the_recipe_does_not_vanish(self):
        self.assertEqual(scale(2, 1, 4), 0.5)
        self.assertEqual(scale(1, 1, 4), 0.25)
        self.assertEqual(scale(250, 8, 4), 500)


if __name__ == "__main__":
    unittest.main()
