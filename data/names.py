"""A file's name as text that every output can carry, whatever its bytes were."""


def decoded_name(raw: bytes) -> str:
    """A name from its bytes: UTF-8, else the Japanese Windows code page.

    Bytes that are neither stay as lone surrogates (PEP 383), so nothing is lost;
    `escaped_name` makes them printable.
    """
    for encoding in ("utf-8", "cp932"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(_is_private(character) for character in text):
            return text
    return raw.decode("utf-8", "surrogateescape")


def _is_private(character: str) -> bool:
    """Bytes that cp932 leaves undefined decode into the private use area."""
    return "\ue000" <= character <= "\uf8ff"


def _escaped_character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - a byte kept by PEP 383
        return f"\\x{code - 0xDC00:02x}"
    if character.isprintable() or character == "\u3000":
        return character
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def escaped_name(name: str) -> str:
    r"""A name without control characters, lone surrogates or other raw bytes.

    >>> escaped_name(b"\x93\xff.JPG".decode("utf-8", "surrogateescape"))
    '\\x93\\xff.JPG'
    """
    return "".join(_escaped_character(character) for character in name)
