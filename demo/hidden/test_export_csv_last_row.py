import unittest

from larderlark.export.csv_writer import pantry_csv


class Hidden(unittest.TestCase):
    def test_every_item_is_in_the_file(self):
        for n in range(4):
            text = "".join(pantry_csv([{"name": f"item {i}"} for i in range(n)]))
            self.assertEqual(len(text.split("\r\n")), n + 1, text)
            self.assertFalse(text.endswith("\r\n"))


if __name__ == "__main__":
    unittest.main()
