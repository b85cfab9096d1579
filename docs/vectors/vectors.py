#!/usr/bin/env python3
"""Writes the JSON files of this folder: all of them, or those that are named.

    python3 vectors.py [name...]

It takes minutes (Argon2id at full cost); derivation and argon2id are the slow ones.
"""

import json
import pathlib
import sys

import account
import enrolment
import primitives
import protocol
from protocol import sample

FILES = {
    "argon2id": protocol.argon2id_cases,
    "secretkey": lambda: [{"raw": raw.hex(), "text": protocol.secret_key_text(raw)} for raw in
                          [bytes(16), b"\xff" * 16] + [sample("sk %d" % i, 16) for i in range(8)]],
    "text": protocol.texts,
    "concat": protocol.joins,
    "cbor": protocol.encodings,
    "envelope": protocol.envelopes,
    "forgery": protocol.refused_envelopes,
    "recovery": protocol.recoveries,
    "sealing": protocol.sealings,
    "signing": protocol.signatures,
    "signature": protocol.refused_signatures,
    "derivation": protocol.derivations,
    "log": account.log_vectors,
    "vault": account.vault_vectors,
    "tree": account.tree_vectors,
    "wrap": account.wrap_vectors,
    "bundle": account.bundle_vectors,
    "message": account.message_vectors,
    "pairing": account.pairing_vectors,
    "enrolment": enrolment.vectors,
}


def main():
    primitives.self_check()
    for name in sys.argv[1:] or FILES:
        path = pathlib.Path(__file__).with_name(name + ".json")
        path.write_text(json.dumps(FILES[name](), indent=1) + "\n")


if __name__ == "__main__":
    main()
