"""Enrolment tokens (protocol.md §11): what readers take, and what they refuse."""

import base64

from primitives import ed_public
from protocol import cbor, sample, signature

SEED = sample("enrolment key", 32)
FIELDS = {"domain": "coffer.example.com", "organization": sample("organization", 16), "name": "Bäckerei Müller & Söhne", "language": "de",
          "serial": sample("enrolment serial", 16), "last_day": "2026-12-31"}


def urlsafe(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def payload(version=1, **changed):
    f = {**FIELDS, **changed}
    return {1: version, 2: f["domain"], 3: f["organization"], 4: f["name"], 5: f["language"], 6: f["serial"], 7: f["last_day"]}


def text(raw, sig=None):
    return "CE1." + urlsafe(raw) + "." + urlsafe(signature(SEED, "enrol-token", raw) if sig is None else sig)


def token(**changed):
    return text(cbor(payload(**changed)))


def taken():
    """Tokens with their fields; the last one is as long as a token can be."""
    longest = {"domain": "a" * 63 + "." + "b" * 63 + "." + "c" * 59, "name": "\u00e4" * 23 + "x" * 57}
    for changed in ({}, {"name": "x", "language": "pt-BR", "domain": "localhost"}, {"name": "株式会社コファー", "language": "ja"},
                    {"name": "x" * 80, "last_day": "9999-12-31"}, {"language": "zh-Hant-TW", "domain": "a-1." * 40 + "example"}, longest):
        fields = {**FIELDS, **changed}
        yield {**{k: v.hex() if isinstance(v, bytes) else v for k, v in fields.items()}, "payload": cbor(payload(**changed)).hex(),
               "text": token(**changed)}


def refused():
    good = cbor(payload())
    right = text(good)
    sig = signature(SEED, "enrol-token", good)
    middle, after = right[4:].split(".")
    yield from {
        "nothing": "", "another prefix": "CE2" + right[3:], "small letters in front": "ce1" + right[3:], "one part": "CE1." + middle,
        "three parts": right + "." + after, "a line break": right[:50] + "\n" + right[50:], "a space in front": " " + right,
        "padding": right + "==", "the other alphabet": right.replace("_", "/").replace("-", "+"), "a character less": right[:-1],
        "bits left over": right[:-1] + "B", "a short signature": text(good, sig[:63]), "a long signature": text(good, sig + b"\0"),
        "no signature": "CE1." + middle + ".", "another version": token(version=2), "version 0": token(version=0),
        "a version in two bytes": text(good.replace(b"\xa7\1\1", b"\xa7\1\x18\1")), "a key more": text(cbor({**payload(), 8: 0})),
        "a key less": text(cbor({k: v for k, v in payload().items() if k != 5})), "keys in another order": text(good[:1] + good[3:] + good[1:3]),
        "a byte more": text(good + b"\0"), "a byte less": text(good[:-1]), "an indefinite map": text(b"\xbf" + good[1:] + b"\xff"),
        "an array": text(cbor(list(payload().values()))), "a length of four bytes": text(good[:4] + b"\x7a\0\0\0\x12" + good[5:]),
        "a length that nothing has": text(good[:4] + b"\x79\xff\xff" + good[5:]), "a text for bytes": token(serial="0123456789abcdef"),
        "bytes for a text": token(language=b"de"), "a short id": token(organization=bytes(15)), "a long id": token(serial=bytes(17)),
        "no UTF-8": text(good.replace("ä".encode(), b"\xff\xff")), "no name": token(name=""), "a name of 81": token(name="x" * 81),
        "a name with a line break": token(name="Bank\nof Coffer"), "a name with a mark of direction": token(name="Bank\u202eknaB"),
        "a name with a zero-width space": token(name="Ba\u200bnk"), "a name with a space behind": token(name="Bank "),
        "a name with a no-break space": token(name="Bank\u00a0X"), "an upper-case domain": token(domain="Coffer.example.com"),
        "an origin": token(domain="https://coffer.example.com"), "an empty label": token(domain="coffer..com"), "no domain": token(domain=""),
        "a dot behind": token(domain="coffer.example.com."), "a label of 64": token(domain="a" * 64), "a long domain": token(domain="a." * 130 + "com"),
        "no language": token(language=""), "a language with a line break": token(language="de\n"), "a language in words": token(language="Deutsch!"),
        "no day": token(last_day=""), "a day that is none": token(last_day="2026-02-30"), "a day in another form": token(last_day="31.12.2026"),
        "601 characters": "CE1." + "A" * 597,
    }.items()


def vectors():
    return {"seed": SEED.hex(), "public": ed_public(SEED).hex(), "tokens": list(taken()),
            "refused": [{"name": name, "text": made} for name, made in refused()]}
