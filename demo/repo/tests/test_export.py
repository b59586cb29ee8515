import unittest

from larderlark.export.csv_writer import pantry_csv


class Export(unittest.TestCase):
    def test_the_header_comes_first(self):
        first = next(pantry_csv([{"name": "Flour"}, {"name": "Salt"}]))
        self.assertEqual(first, "name,amount,unit,use_by\r\n")

    def test_a_comma_is_quoted(self):
        lines = list(pantry_csv([{"name": "Beans, white"}, {"name": "Salt"}]))
        self.assertEqual(lines[1], '"Beans, white",,,\r\n')


if __name__ == "__main__":
    unittest.main()
