import unittest

from larderlark.recipes.importer import clean


class Hidden(unittest.TestCase):
    def test_a_fraction_beside_a_number_stays_one(self):
        self.assertIn(clean("1\u00bd cups sugar"), ("1 1/2 cups sugar", "1.5 cups sugar"))
        self.assertIn(clean("\u00be tsp salt"), ("3/4 tsp salt", "0.75 tsp salt"))


if __name__ == "__main__":
    unittest.main()
