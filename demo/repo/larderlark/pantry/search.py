"""Finding things in the pantry by a part of their name."""


def fold(text):
    """Text as search compares it."""
    return text.casefold()


def search(names, words):
    """The names that hold all the words, in their order."""
    wanted = fold(words).split()
    return [name for name in names if all(word in fold(name) for word in wanted)]
