"""docs/protocol.md §2 to §4 as a second implementation: joining, CBOR, the texts of keys, derivations, envelopes, sealings,
signatures. It shares no code with the Go packages.
"""

import unicodedata

from primitives import (BASE, ORDER, argon2id, ed_encode, ed_multiply, ed_public, ed_sign, hkdf, hkdf_expand, sha256,
                        xchacha20_poly1305)


def concat(*fields):
    out = b""
    for f in fields:
        raw = f.encode() if isinstance(f, str) else f.to_bytes(8, "big") if isinstance(f, int) else f
        out += len(raw).to_bytes(4, "big") + raw
    return out


def labelled_hash(label, *fields):
    return sha256(concat(label, *fields))


def cbor(value):
    """RFC 8949 §4.2.1: shortest heads, definite lengths, keys sorted by their encoding."""
    def head(major, n):
        for size, first in ((1, 24), (2, 25), (4, 26), (8, 27)):
            if n < 24:
                return bytes([major << 5 | n])
            if n < 1 << 8 * size:
                return bytes([major << 5 | first]) + n.to_bytes(size, "big")

    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(cbor(v) for v in value)
    pairs = sorted((cbor(k), cbor(v)) for k, v in value.items())
    return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)


def signature(seed, purpose, message):
    return ed_sign(seed, concat("coffer/v1/sig/" + purpose, message))


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def base32(bits, value):
    value, bits = value << (-bits % 5), bits + (-bits % 5)
    return "".join(ALPHABET[value >> shift & 31] for shift in range(bits - 5, -1, -5))


def secret_key_text(sk):
    check = labelled_hash("coffer/v1/sk-checksum", sk)
    digits = base32(128, int.from_bytes(sk, "big")) + base32(20, int.from_bytes(check[:3], "big") >> 4)
    return "C1-" + "-".join(digits[i:i + 5] for i in range(0, 30, 5))


def recovery_code_text(code):
    check = labelled_hash("coffer/v1/recovery-checksum", code)
    digits = base32(160, int.from_bytes(code, "big")) + base32(20, int.from_bytes(check[:3], "big") >> 4)
    return "R1-" + "-".join(digits[i:i + 6] for i in range(0, 36, 6))


def texts():
    """Spellings of a Secret Key and a recovery code that readers take, and those that they refuse."""
    def spellings(text, raw):
        digits = text[3:]
        flipped = ALPHABET[ALPHABET.index(digits[-1]) ^ 1]
        refused = {"nothing": "", "prefix alone": text[:3], "another prefix": "X" + text[1:], "another version": text[0] + "2" + text[2:],
                   "checksum": text[:-1] + flipped, "a digit": text[:3] + ALPHABET[ALPHABET.index(digits[0]) ^ 1] + digits[1:],
                   "two digits swapped": text[:3] + digits[1] + digits[0] + digits[2:], "a digit more": text + "0", "a digit less": text[:-1],
                   "U is no digit": text[:3] + "U" + digits[1:], "another sign": text.replace("-", "_"), "not ASCII": text[:-1] + "\u0660"}
        accepted = [text, text.lower(), text.replace("-", ""), text.replace("-", " "), "  " + text + "  ", text[:3] + digits.replace("0", "O"),
                    text[:3] + digits.replace("0", "o").replace("1", "l"), text[:3] + digits.replace("1", "I")]
        return {"raw": raw.hex(), "accepted": accepted, "refused": [{"name": n, "text": t} for n, t in refused.items()]}

    # Keys in whose text 0 and 1 occur.
    sk = next(k for k in (sample("text sk %d" % n, 16) for n in range(99)) if {"0", "1"} <= set(secret_key_text(k)[3:]))
    rc = next(k for k in (sample("text rc %d" % n, 20) for n in range(99)) if {"0", "1"} <= set(recovery_code_text(k)[3:]))
    both = {"secret_key": spellings(secret_key_text(sk), sk), "recovery_code": spellings(recovery_code_text(rc), rc)}
    # The 26th digit has three bits of the key and two that are zero.
    digits = secret_key_text(sk)[3:].replace("-", "")
    last = ALPHABET[ALPHABET.index(digits[25]) | 1]
    both["secret_key"]["refused"].append({"name": "padding that is not zero", "text": "C1" + digits[:25] + last + digits[26:]})
    return both


def padded(content):
    need = 4 + len(content)
    size = 64
    while size < need and size < 4096:
        size *= 2
    if need > 4096:
        size = -(-need // 4096) * 4096
    return len(content).to_bytes(4, "big") + content + bytes(size - need)


def envelope(key, purpose, epoch, key_id, nonce, context, plaintext, start=b"CFE1\1", pad=padded):
    header = start + bytes([purpose]) + epoch.to_bytes(4, "big") + key_id + nonce
    assert len(header) == 50
    both = hkdf(key, nonce, concat("coffer/v1/envelope", sha256(concat(context, header))), 64)
    return header + both[32:] + xchacha20_poly1305(both[:32], nonce, pad(plaintext), concat(header, context))


PROFILES = {"P1": (64 << 10, 3, 4), "P2": (128 << 10, 3, 4)}


def stretch(password, salt, profile):
    return argon2id(unicodedata.normalize("NFKC", password).encode(), salt, *PROFILES[profile], 32)


def sample(label, size):
    """Bytes that look random and stay the same."""
    return hkdf_expand(sha256(b"coffer vectors"), label.encode(), size)


def derivation(name, password, profile, generation):
    sk, account = sample(name + " sk", 16), sample(name + " account", 16)
    salt = hkdf(sk, b"coffer/v1/sk", concat("coffer/v1/pw-salt", account, generation), 16)
    pwk = stretch(password, salt, profile)
    amk = hkdf(pwk + sk, b"coffer/v1/2skd", concat("coffer/v1/amk", account, profile, generation), 32)
    return {
        "name": name, "password": password, "secret_key": secret_key_text(sk), "account": account.hex(),
        "generation": generation, "profile": profile, "salt": salt.hex(), "pwk": pwk.hex(),
        "tag": hkdf(sk, b"coffer/v1/sk", b"coffer/v1/lookup", 32).hex(),
        "login_public": ed_public(hkdf_expand(amk, b"coffer/v1/auth-ed25519", 32)).hex(),
        "kek": hkdf_expand(amk, b"coffer/v1/account-kek", 32).hex(),
        "dsk": hkdf_expand(amk, b"coffer/v1/device-seal", 32).hex(),
    }


def recoveries():
    """What a recovery code gives for an account."""
    cases = []
    for number in range(4):
        code, account = sample("recovery code %d" % number, 20), sample("recovering account %d" % number, 16)
        rmk = hkdf(code, b"coffer/v1/recovery", concat("coffer/v1/recovery-master", account), 32)
        cases.append({
            "raw": code.hex(), "text": recovery_code_text(code), "account": account.hex(),
            "tag": hkdf(code, b"coffer/v1/recovery", b"coffer/v1/recovery-lookup", 32).hex(),
            "login_public": ed_public(hkdf_expand(rmk, b"coffer/v1/auth-ed25519", 32)).hex(),
            "kek": hkdf_expand(rmk, b"coffer/v1/account-kek", 32).hex(),
        })
    return cases


def sealings():
    """One envelope of each kind."""
    account, vault, thing, device = (sample(n, 16) for n in ("account", "vault", "object", "device"))
    kek, ak, vk, dsk = (sample(n, 32) for n in ("kek", "ak", "vk", "dsk"))
    seeds = sample("identity sign", 32), sample("identity receive", 32)
    identity = cbor({1: seeds[0], 2: seeds[1]})
    generation, epoch, revision, number, content = 3, 2, 7, 1, b"an object's plaintext"
    recovery_kek, older = sample("recovery kek", 32), sample("older vk", 32)
    ok = hkdf_expand(vk, concat("coffer/v1/object", vault, thing, epoch), 32)
    ik, segment, part = hkdf_expand(vk, concat("coffer/v1/index", vault, device, epoch), 32), 200, 1
    attachment, file_key, index, count = sample("attachment", 16), sample("file key", 32), 4, 5

    def sealed(key, purpose, header_epoch, key_id, context, plaintext):
        return envelope(key, purpose, header_epoch, key_id, sample(context.hex(), 24), context, plaintext).hex()

    return {
        "account": account.hex(), "vault": vault.hex(), "object": thing.hex(), "device": device.hex(),
        "generation": generation, "epoch": epoch, "revision": revision, "name": "device-seed", "number": number,
        "recovery_kek": recovery_kek.hex(), "older_vk": older.hex(),
        "kek": kek.hex(), "ak": ak.hex(), "vk": vk.hex(), "dsk": dsk.hex(), "object_key": ok.hex(),
        "identity_sign_public": ed_public(seeds[0]).hex(), "identity_receive_seed": seeds[1].hex(),
        "device_seed": seeds[0].hex(), "receive_seed": hkdf_expand(seeds[0], b"coffer/v1/device-receive", 32).hex(),
        "plaintext": content.hex(),
        "sealed_ak": sealed(kek, 1, generation, account, concat("ak", account, generation, "password"), ak),
        "sealed_recovery": sealed(recovery_kek, 1, generation, account, concat("ak", account, generation, "recovery"), ak),
        "sealed_identity": sealed(ak, 1, 0, account, concat("identity", account, number), identity),
        "sealed_vk": sealed(ak, 1, 0, account, concat("vk", account, vault, epoch), vk),
        "sealed_previous": sealed(vk, 1, epoch, vault, concat("vk-prev", account, vault, epoch), older),
        "sealed_object": sealed(ok, 2, epoch, vault, concat("object", account, vault, thing, revision), content),
        "attachment": attachment.hex(), "file_key": file_key.hex(), "index": index, "count": count,
        "sealed_chunk": sealed(file_key, 3, 0, attachment, concat("chunk", account, vault, attachment, index, count), content),
        "sealed_local": sealed(dsk, 4, generation, account, concat("local", account, device, "device-seed"), content),
        "index_key": ik.hex(), "segment": segment, "part": part,
        "sealed_segment": sealed(ik, 4, epoch, vault, concat("index", account, vault, device, segment, part), content),
    }


def envelopes():
    """Sizes on both sides of the steps of the padding."""
    cases = []
    for size in (0, 1, 60, 61, 252, 253, 4092, 4093):
        label = "envelope %d" % size
        key, key_id, nonce = sample(label + " key", 32), sample(label + " id", 16), sample(label + " nonce", 24)
        context, plaintext = sample(label + " context", size % 70), sample(label + " text", size)
        cases.append({
            "key": key.hex(), "purpose": 2, "epoch": size + 1, "key_id": key_id.hex(), "nonce": nonce.hex(),
            "context": context.hex(), "plaintext": plaintext.hex(),
            "envelope": envelope(key, 2, size + 1, key_id, nonce, context, plaintext).hex(),
        })
    return cases


def refused_envelopes():
    """None opens as an object of this epoch, key id and context."""
    key, key_id, nonce, context = sample("refused key", 32), sample("refused id", 16), sample("refused nonce", 24), sample("refused context", 40)
    text = b"an object's plaintext"

    def made(purpose=2, epoch=7, key_id=key_id, context=context, key=key, **more):
        return envelope(key, purpose, epoch, key_id, nonce, context, text, **more)

    def flipped(at):
        good = bytearray(made())
        good[at] ^= 1
        return bytes(good)

    def size(n):
        return lambda content: len(content).to_bytes(4, "big") + content + bytes(n - 4 - len(content))

    good = made()
    cases = {
        "another magic": made(start=b"CFE2\1"), "another suite": made(start=b"CFE1\2"), "another purpose": made(purpose=1),
        "another epoch": made(epoch=8), "another key id": made(key_id=bytes(16)), "another context": made(context=context + b"\0"),
        "no context": made(context=b""), "another key": made(key=bytes(32)), "a bit of the nonce": flipped(26), "a bit of the commitment": flipped(50),
        "a bit of the ciphertext": flipped(82), "a bit of the tag": flipped(-1), "a byte more": good + b"\0", "a byte less": good[:-1],
        "header alone": good[:50], "nothing": b"", "commitment and tag of another": good[:50] + made(context=b"x")[50:],
        "padding longer than it must be": made(pad=size(128)), "padding shorter than a step": made(pad=size(25)), "no padding, no length": made(pad=lambda c: c),
        "padding that is not zero": made(pad=lambda c: size(64)(c)[:-1] + b"\1"), "length beyond the end": made(pad=lambda c: b"\0\0\0\x3d" + bytes(60)),
        "length of 4 GiB": made(pad=lambda c: b"\xff" * 4 + bytes(60)), "empty plaintext without a length": made(pad=lambda c: b""),
    }
    return {"key": key.hex(), "purpose": 2, "epoch": 7, "key_id": key_id.hex(), "context": context.hex(), "plaintext": text.hex(),
            "envelope": good.hex(), "refused": [{"name": n, "envelope": e.hex()} for n, e in cases.items()]}


def signatures():
    cases = []
    for purpose in ("account-log", "commit", "sign-in", "device-proof", "request",
                    "identity-rotate", "wrap", "account-change", "recovery", "enrol-token"):
        seed, message = sample(purpose, 32), sample(purpose + " message", 40)
        cases.append({
            "seed": seed.hex(), "public": ed_public(seed).hex(), "purpose": purpose, "message": message.hex(),
            "signature": ed_sign(seed, concat("coffer/v1/sig/" + purpose, message)).hex(),
        })
    return cases


def refused_signatures():
    """Signatures that a lenient verifier takes. For a key of small order anybody can make one."""
    message = sample("message", 40)
    signed = concat("coffer/v1/sig/request", message)
    seed = sample("signer", 32)
    public, good = ed_public(seed), ed_sign(seed, signed)
    # R = sB passes under the key that is the neutral element, whatever the message.
    free = ed_encode(ed_multiply(7, BASE)) + (7).to_bytes(32, "little")
    neutral = (1).to_bytes(32, "little")
    s = int.from_bytes(good[32:], "little")
    order_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    cases = [("neutral element", neutral, free), ("neutral element with its sign set", neutral[:31] + b"\x80", free),
             ("neutral element, not canonical", (2**255 - 18).to_bytes(32, "little"), free),
             ("order 2", (2**255 - 20).to_bytes(32, "little"), free), ("order 4", bytes(32), free), ("order 8", order_8, free),
             ("s not reduced", public, good[:32] + (s + ORDER).to_bytes(32, "little")), ("a byte more", public, good + b"\0"),
             ("a byte less", public, good[:63]), ("none", public, b""), ("not joined with the purpose", public, ed_sign(seed, message)),
             ("purpose joined without lengths", public, ed_sign(seed, b"coffer/v1/sig/request" + message))]
    return {"purpose": "request", "message": message.hex(), "public": public.hex(), "signature": good.hex(),
            "refused": [{"name": n, "public": k.hex(), "signature": b.hex()} for n, k, b in cases]}


def argon2id_cases():
    cases = []
    for memory, passes, lanes, password in ((32, 3, 4, b"\1" * 32), (64, 1, 4, b"password"), (64, 2, 1, b""), (256, 4, 4, b"P3 has four passes"),
                                            (1000, 3, 4, bytes(range(256)))):
        cases.append({"memory_kib": memory, "time": passes, "threads": lanes, "password": password.hex(),
                      "salt": (b"\2" * 16).hex(),
                      "key": argon2id(password, b"\2" * 16, memory, passes, lanes, 32).hex()})
    return cases


def joins():
    return {"joined": concat("text", "", b"\0\xff", sample("hash", 32), sample("id", 16), 1 << 40).hex(),
            "hash_field": sample("hash", 32).hex(), "id_field": sample("id", 16).hex(),
            "hash": labelled_hash("label", "text", 7).hex()}


def derivations():
    return [
        derivation("floor", "correct horse battery staple", "P1", 1),
        # U+FB01, U+212B and a combining accent: NFKC changes each.
        derivation("normalised", "\ufb01ne \u212bngstro\u0308m", "P1", 2**32 - 1),
        derivation("default", "correct horse battery staple", "P2", 1),
    ]


def encodings():
    """CBOR that is read and written the same, and CBOR that is refused."""
    good = [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63, 2**64 - 1, -1, -24, -25, -256, -257, -2**63,
            b"", b"\0" * 23, b"\0" * 24, b"x" * 256, "", "a", "\u00e4\u20ac\U0001f511", [], [1, [2, [3]]], {}, {1: 2},
            {10: 1, 100: 2, -1: 3, "a": 4, "aa": 5, b"a": 6}, True, False, None]
    deep = 0
    for _ in range(16):
        deep = [deep]
    return {
        "accepted": [cbor(v).hex() for v in good + [deep]],
        "refused": [{"name": name, "bytes": text.replace(" ", "")} for name, text in (
            ("nothing", ""), ("integer in two bytes that fits one", "18 17"), ("integer in three", "19 00ff"),
            ("integer in nine", "1b 00000000ffffffff"), ("negative integer too long", "38 00"), ("length too long", "58 01 00"),
            ("array length too long", "98 01 00"), ("map length too long", "b8 01 01 02"),
            ("indefinite bytes", "5f 41 00 ff"), ("indefinite text", "7f 61 61 ff"), ("indefinite array", "9f 01 ff"),
            ("indefinite map", "bf 01 02 ff"), ("keys not sorted", "a2 02 00 01 00"), ("text key before integer", "a2 61 61 00 01 00"),
            ("longer key first", "a2 18 64 00 0a 00"), ("key twice", "a2 01 00 01 00"), ("invalid UTF-8", "61 ff"),
            ("overlong UTF-8", "62 c080"), ("surrogate", "63 eda080"), ("half float", "f9 3c00"), ("float", "fa 3f800000"),
            ("double", "fb 3ff0000000000000"), ("tag", "c0 00"), ("bignum", "c2 41 01"), ("undefined", "f7"),
            ("simple value", "e0"), ("simple value in two bytes", "f8 20"), ("false in two bytes", "f8 14"), ("reserved", "1c"),
            ("break", "ff"), ("trailing byte", "00 00"), ("cut integer", "19 01"), ("cut bytes", "42 00"), ("cut array", "82 01"),
            ("cut map", "a1 01"), ("array of 2^32 - 1", "9a ffffffff"), ("map of 2^64 - 1", "bb ffffffffffffffff"),
            ("depth 17", "81" * 17 + "00"), ("negative integer in nine", "3b 0000000000000000"))],
    }
