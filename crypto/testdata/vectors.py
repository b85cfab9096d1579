#!/usr/bin/env python3
"""A second implementation of docs/protocol.md §2 to §4, from the RFCs, with
nothing but Python's standard library. It shares no code with the Go packages;
the tests compare the two through the JSON files it writes beside itself:

    python3 vectors.py

It is slow (minutes: Argon2id at full cost), not constant-time, and never used
for anything else. It checks itself against the vectors of the RFCs first.
"""

import hashlib
import hmac
import json
import pathlib
import struct
import unicodedata
from array import array

MASK64 = (1 << 64) - 1


def sha256(data):
    return hashlib.sha256(data).digest()


# --- HKDF, RFC 5869 ---

def hkdf_extract(salt, ikm):
    return hmac.new(salt, ikm, hashlib.sha256).digest()


def hkdf_expand(prk, info, length):
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([counter]), hashlib.sha256).digest()
        out, counter = out + block, counter + 1
    return out[:length]


def hkdf(ikm, salt, info, length):
    return hkdf_expand(hkdf_extract(salt, ikm), info, length)


# --- Argon2id, RFC 9106 ---

def argon2_hash(data, length):
    """H' of §3.3."""
    data = struct.pack("<I", length) + data
    if length <= 64:
        return hashlib.blake2b(data, digest_size=length).digest()
    block = hashlib.blake2b(data).digest()
    out = block[:32]
    while length - len(out) > 64:
        block = hashlib.blake2b(block).digest()
        out += block[:32]
    return out + hashlib.blake2b(block, digest_size=length - len(out)).digest()


def argon2_round(v, i):
    """P of §3.6 over the sixteen words of v at the indices i, in place."""
    a = [v[j] for j in i]
    for w, x, y, z in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                       (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
        p, q, r, s = a[w], a[x], a[y], a[z]
        for first, second in ((32, 24), (16, 63)):
            p = (p + q + 2 * (p & 0xFFFFFFFF) * (q & 0xFFFFFFFF)) & MASK64
            s ^= p
            s = (s >> first | s << (64 - first)) & MASK64
            r = (r + s + 2 * (r & 0xFFFFFFFF) * (s & 0xFFFFFFFF)) & MASK64
            q ^= r
            q = (q >> second | q << (64 - second)) & MASK64
        a[w], a[x], a[y], a[z] = p, q, r, s
    for j, word in zip(i, a):
        v[j] = word


ROWS = [range(16 * r, 16 * r + 16) for r in range(8)]
COLUMNS = [[16 * r + 2 * c + k for r in range(8) for k in (0, 1)] for c in range(8)]


def argon2_compress(x, y):
    """G of §3.5."""
    r = [a ^ b for a, b in zip(x, y)]
    v = list(r)
    for indices in ROWS:
        argon2_round(v, indices)
    for indices in COLUMNS:
        argon2_round(v, indices)
    return array("Q", [a ^ b for a, b in zip(r, v)])


def argon2id(password, salt, memory, passes, lanes, length, secret=b"", extra=b""):
    def field(b):
        return struct.pack("<I", len(b)) + b

    h0 = hashlib.blake2b(struct.pack("<6I", lanes, length, memory, passes, 0x13, 2)
                         + field(password) + field(salt) + field(secret) + field(extra)).digest()
    columns = memory // (4 * lanes) * 4
    segment = columns // 4
    blocks = [[None] * columns for _ in range(lanes)]
    for lane in range(lanes):
        for column in (0, 1):
            start = argon2_hash(h0 + struct.pack("<II", column, lane), 1024)
            blocks[lane][column] = array("Q", struct.unpack("<128Q", start))
    zero = array("Q", [0] * 128)
    for number in range(passes):
        for part in range(4):
            for lane in range(lanes):
                independent = number == 0 and part < 2
                inputs = array("Q", [number, lane, part, lanes * columns, passes, 2] + [0] * 122)
                addresses = None
                for index in range(segment):
                    if independent and (index % 128 == 0):
                        inputs[6] += 1
                        addresses = argon2_compress(zero, argon2_compress(zero, inputs))
                    if number == 0 and part == 0 and index < 2:
                        continue
                    column = part * segment + index
                    previous = blocks[lane][column - 1]
                    word = addresses[index % 128] if independent else previous[0]
                    block = argon2_compress(previous, argon2_reference(
                        blocks, word, number, part, lane, index, lanes, columns, segment))
                    if number > 0:
                        block = array("Q", [a ^ b for a, b in zip(block, blocks[lane][column])])
                    blocks[lane][column] = block
    final = blocks[0][-1]
    for lane in range(1, lanes):
        final = array("Q", [a ^ b for a, b in zip(final, blocks[lane][-1])])
    return argon2_hash(struct.pack("<128Q", *final), length)


def argon2_reference(blocks, word, number, part, lane, index, lanes, columns, segment):
    """The block that §3.4.2 maps J1 and J2 to."""
    other = (word >> 32) % lanes
    if number == 0 and part == 0:
        other = lane
    finished = part * segment if number == 0 else columns - segment
    if other == lane:
        area = finished + index - 1
    else:
        area = finished - (1 if index == 0 else 0)
    j1 = word & 0xFFFFFFFF
    relative = area - 1 - (area * (j1 * j1 >> 32) >> 32)
    start = 0 if number == 0 else (part + 1) % 4 * segment
    return blocks[other][(start + relative) % columns]


# --- XChaCha20-Poly1305, RFC 8439 and draft-irtf-cfrg-xchacha ---

def chacha_rounds(state):
    s = list(state)

    def quarter(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] ^= s[x]
            s[z] = (s[z] << n | s[z] >> (32 - n)) & 0xFFFFFFFF

    for _ in range(10):
        quarter(0, 4, 8, 12), quarter(1, 5, 9, 13), quarter(2, 6, 10, 14), quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15), quarter(1, 6, 11, 12), quarter(2, 7, 8, 13), quarter(3, 4, 9, 14)
    return s


def chacha_block(key, counter, nonce12):
    state = struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce12)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(state, chacha_rounds(state))))


def hchacha(key, nonce16):
    s = chacha_rounds(struct.unpack("<16I", b"expand 32-byte k" + key + nonce16))
    return struct.pack("<8I", *(s[:4] + s[12:]))


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(data), 16):
        total = (total + int.from_bytes(data[i:i + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:], "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


def xchacha20_poly1305(key, nonce, plaintext, aad):
    subkey, nonce12 = hchacha(key, nonce[:16]), bytes(4) + nonce[16:]
    stream = b"".join(chacha_block(subkey, 1 + i, nonce12) for i in range(-(-len(plaintext) // 64)))
    ciphertext = bytes(a ^ b for a, b in zip(plaintext, stream))

    def filled(b):
        return b + bytes(-len(b) % 16)

    mac = filled(aad) + filled(ciphertext) + struct.pack("<QQ", len(aad), len(ciphertext))
    return ciphertext + poly1305(chacha_block(subkey, 0, nonce12)[:32], mac)


# --- Ed25519, RFC 8032 §5.1 ---

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493
BASE_Y = 4 * pow(5, -1, P) % P


def ed_x(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return P - x if x & 1 != sign else x


def ed_add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2
    return ((x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P)


def ed_multiply(n, point):
    result = (0, 1)
    while n:
        if n & 1:
            result = ed_add(result, point)
        point, n = ed_add(point, point), n >> 1
    return result


def ed_encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


BASE = (ed_x(BASE_Y, 0), BASE_Y)


def ed_expand(seed):
    h = hashlib.sha512(seed).digest()
    return (int.from_bytes(h[:32], "little") & ((1 << 254) - 8)) | (1 << 254), h[32:]


def ed_public(seed):
    return ed_encode(ed_multiply(ed_expand(seed)[0], BASE))


def ed_sign(seed, message):
    def number(*parts):
        return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER

    scalar, prefix = ed_expand(seed)
    public = ed_public(seed)
    r = number(prefix, message)
    commitment = ed_encode(ed_multiply(r, BASE))
    s = (r + number(commitment, public, message) * scalar) % ORDER
    return commitment + s.to_bytes(32, "little")


def self_check():
    """The RFCs' own vectors."""
    assert hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42).hex() == (  # RFC 5869 A.1
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    assert argon2id(b"\1" * 32, b"\2" * 16, 32, 3, 4, 32, b"\3" * 8, b"\4" * 12).hex() == (  # RFC 9106 5.3
        "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659")
    assert ed_sign(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"), b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")  # RFC 8032 7.1, test 1
    sunscreen = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
                 b"sunscreen would be it.")
    aad = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    sealed = xchacha20_poly1305(bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58)), sunscreen, aad)
    assert sealed[-16:].hex() == "c0875924c1c7987947deafd8780acf49"  # draft-irtf-cfrg-xchacha A.3.1


# --- The protocol ---

def concat(*fields):
    out = b""
    for f in fields:
        raw = f.encode() if isinstance(f, str) else f.to_bytes(8, "big") if isinstance(f, int) else f
        out += len(raw).to_bytes(4, "big") + raw
    return out


def labelled_hash(label, *fields):
    return sha256(concat(label, *fields))


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


def padded(content):
    need = 4 + len(content)
    size = 64
    while size < need and size < 4096:
        size *= 2
    if need > 4096:
        size = -(-need // 4096) * 4096
    return len(content).to_bytes(4, "big") + content + bytes(size - need)


def envelope(key, purpose, epoch, key_id, nonce, context, plaintext):
    header = b"CFE1" + bytes([1, purpose]) + epoch.to_bytes(4, "big") + key_id + nonce
    assert len(header) == 50
    both = hkdf(key, nonce, concat("coffer/v1/envelope", sha256(concat(context, header))), 64)
    return header + both[32:] + xchacha20_poly1305(both[:32], nonce, padded(plaintext), concat(header, context))


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
    identity = b"\xa2\x01\x58\x20" + seeds[0] + b"\x02\x58\x20" + seeds[1]
    generation, epoch, revision, number, content = 3, 2, 7, 1, b"an object's plaintext"
    recovery_kek, older = sample("recovery kek", 32), sample("older vk", 32)
    ok = hkdf_expand(vk, concat("coffer/v1/object", vault, thing, epoch), 32)

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
        "sealed_local": sealed(dsk, 4, generation, account, concat("local", account, device, "device-seed"), content),
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


def signatures():
    cases = []
    for purpose in ("account-log", "commit", "sign-in", "device-proof", "request",
                    "identity-rotate", "wrap", "account-change", "recovery"):
        seed, message = sample(purpose, 32), sample(purpose + " message", 40)
        cases.append({
            "seed": seed.hex(), "public": ed_public(seed).hex(), "purpose": purpose, "message": message.hex(),
            "signature": ed_sign(seed, concat("coffer/v1/sig/" + purpose, message)).hex(),
        })
    return cases


def argon2id_cases():
    cases = []
    for memory, passes, lanes, password in ((32, 3, 4, b"\1" * 32), (64, 1, 4, b"password"), (64, 2, 1, b""),
                                            (1000, 3, 4, bytes(range(256)))):
        cases.append({"memory_kib": memory, "time": passes, "threads": lanes, "password": password.hex(),
                      "salt": (b"\2" * 16).hex(),
                      "key": argon2id(password, b"\2" * 16, memory, passes, lanes, 32).hex()})
    return cases


def main():
    self_check()
    files = {
        "argon2id": argon2id_cases(),
        "secretkey": [{"raw": raw.hex(), "text": secret_key_text(raw)} for raw in
                      [bytes(16), b"\xff" * 16] + [sample("sk %d" % i, 16) for i in range(8)]],
        "concat": {"joined": concat("text", "", b"\0\xff", sample("hash", 32), sample("id", 16), 1 << 40).hex(),
                   "hash_field": sample("hash", 32).hex(), "id_field": sample("id", 16).hex(),
                   "hash": labelled_hash("label", "text", 7).hex()},
        "envelope": envelopes(),
        "recovery": recoveries(),
        "sealing": sealings(),
        "signing": signatures(),
        "derivation": [
            derivation("floor", "correct horse battery staple", "P1", 1),
            # U+FB01, U+212B and a combining accent: NFKC changes each.
            derivation("normalised", "\ufb01ne \u212bngstro\u0308m", "P1", 2**32 - 1),
            derivation("default", "correct horse battery staple", "P2", 1),
        ],
    }
    for name, content in files.items():
        path = pathlib.Path(__file__).with_name(name + ".json")
        path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
