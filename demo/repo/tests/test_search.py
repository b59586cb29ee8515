import unittest

from larderlark.pantry.search import search


class Search(unittest.TestCase):
    def test_case_does_not_matter(self):
        self.assertEqual(search(["Flour", "Sugar"], "flour"), ["Flour"])

    def test_all_words_must_be_there(self):
        self.assertEqual(search(["Oat milk", "Oat flakes"], "oat milk"), ["Oat milk"])


if __name__ == "__main__":
    unittest.main()
