import unittest

from larderlark.pantry.search import search


class Hidden(unittest.TestCase):
    def test_accents_need_not_be_typed(self):
        names = ["Cr\u00e8me fra\u00eeche", "K\u00e4se", "Jalape\u00f1o"]
        self.assertEqual(search(names, "creme fraiche"), names[:1])
        self.assertEqual(search(names, "kase"), names[1:2])
        self.assertEqual(search(names, "jalape\u00f1o"), names[2:])


if __name__ == "__main__":
    unittest.main()
