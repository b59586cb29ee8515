"""The pantry as CSV (RFC 4180), line by line."""

COLUMNS = ("name", "amount", "unit", "use_by")


def _field(value):
    text = "" if value is None else str(value)
    if any(c in text for c in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _line(values):
    return ",".join(_field(v) for v in values)


def pantry_csv(items):
    """Yields the lines of the file. No line break follows the last one, so one line is always held back."""
    held = _line(COLUMNS)
    for item in items:
        yield held + "\r\n"
        held = _line(item.get(c) for c in COLUMNS)
