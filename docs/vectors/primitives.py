"""The primitives that docs/protocol.md names, from their specifications, with nothing but Python's standard library. Slow, not
constant-time, and never used for anything but vectors.py. self_check compares each with published vectors.
"""

import hashlib
import hmac
import struct
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


def chacha20_poly1305(key, nonce12, plaintext, aad):
    stream = b"".join(chacha_block(key, 1 + i, nonce12) for i in range(-(-len(plaintext) // 64)))
    ciphertext = bytes(a ^ b for a, b in zip(plaintext, stream))

    def filled(b):
        return b + bytes(-len(b) % 16)

    mac = filled(aad) + filled(ciphertext) + struct.pack("<QQ", len(aad), len(ciphertext))
    return ciphertext + poly1305(chacha_block(key, 0, nonce12)[:32], mac)


def xchacha20_poly1305(key, nonce, plaintext, aad):
    return chacha20_poly1305(hchacha(key, nonce[:16]), bytes(4) + nonce[16:], plaintext, aad)


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


# --- X25519, RFC 7748 ---

def x25519(scalar, u):
    k = bytearray(scalar)
    k[0], k[31] = k[0] & 248, k[31] & 127 | 64
    number = int.from_bytes(k, "little")
    x1 = int.from_bytes(u, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3 = 1, 0, x1, 1
    for t in range(254, -1, -1):
        bit = number >> t & 1
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
        if bit:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


# --- ML-KEM-768, FIPS 203: key generation and encapsulation ---

Q, K = 3329, 3
ZETAS = [pow(17, int("{:07b}".format(i)[::-1], 2), Q) for i in range(128)]


def ntt(f):
    f, i, size = list(f), 1, 128
    while size >= 2:
        for start in range(0, 256, 2 * size):
            zeta, i = ZETAS[i], i + 1
            for j in range(start, start + size):
                t = zeta * f[j + size] % Q
                f[j], f[j + size] = (f[j] + t) % Q, (f[j] - t) % Q
        size //= 2
    return f


def ntt_inverse(f):
    f, i, size = list(f), 127, 2
    while size <= 128:
        for start in range(0, 256, 2 * size):
            zeta, i = ZETAS[i], i - 1
            for j in range(start, start + size):
                f[j], f[j + size] = (f[j] + f[j + size]) % Q, zeta * (f[j + size] - f[j]) % Q
        size *= 2
    return [x * 3303 % Q for x in f]


def ntt_dot(left, right):
    """The sum of the products of two lists of polynomials."""
    out = [0] * 256
    for a, b in zip(left, right):
        for i in range(128):
            gamma = ZETAS[i] ** 2 * 17
            a0, a1, b0, b1 = a[2 * i], a[2 * i + 1], b[2 * i], b[2 * i + 1]
            out[2 * i] = (out[2 * i] + a0 * b0 + a1 * b1 * gamma) % Q
            out[2 * i + 1] = (out[2 * i + 1] + a0 * b1 + a1 * b0) % Q
    return out


def sample_ntt(seed):
    stream, out = hashlib.shake_128(seed).digest(2048), []
    for i in range(0, len(stream), 3):
        b0, b1, b2 = stream[i:i + 3]
        out += [d for d in (b0 | (b1 & 15) << 8, b1 >> 4 | b2 << 4) if d < Q]
        if len(out) >= 256:
            return out[:256]
    raise ValueError("stream too short")


def sample_noise(seed, number):
    """CBD with eta = 2."""
    bits = int.from_bytes(hashlib.shake_256(seed + bytes([number])).digest(128), "little")
    return [((bits >> 4 * i & 1) + (bits >> 4 * i + 1 & 1) - (bits >> 4 * i + 2 & 1) - (bits >> 4 * i + 3 & 1)) % Q
            for i in range(256)]


def pack(f, width):
    return sum(x << width * i for i, x in enumerate(f)).to_bytes(32 * width, "little")


def unpack(data, width):
    number = int.from_bytes(data, "little")
    return [number >> width * i & ((1 << width) - 1) for i in range(256)]


def compress(f, width):
    return pack([((x << width) + Q // 2) // Q % (1 << width) for x in f], width)


def add(*polynomials):
    return [sum(x) % Q for x in zip(*polynomials)]


def matrix(rho):
    return [[sample_ntt(rho + bytes([j, i])) for j in range(K)] for i in range(K)]


def mlkem_public(d):
    """ek of ML-KEM.KeyGen_internal."""
    g = hashlib.sha3_512(d + bytes([K])).digest()
    rho, sigma = g[:32], g[32:]
    s = [ntt(sample_noise(sigma, i)) for i in range(K)]
    e = [ntt(sample_noise(sigma, K + i)) for i in range(K)]
    return b"".join(pack(add(ntt_dot(row, s), e[i]), 12) for i, row in enumerate(matrix(rho))) + rho


def mlkem_encapsulate(ek, m):
    """Shared secret and ciphertext of ML-KEM.Encaps_internal."""
    g = hashlib.sha3_512(m + hashlib.sha3_256(ek).digest()).digest()
    shared, r = g[:32], g[32:]
    t = [unpack(ek[384 * i:384 * i + 384], 12) for i in range(K)]
    a = matrix(ek[384 * K:])
    y = [ntt(sample_noise(r, i)) for i in range(K)]
    u = [add(ntt_inverse(ntt_dot([a[j][i] for j in range(K)], y)), sample_noise(r, K + i)) for i in range(K)]
    message = [bit * ((Q + 1) // 2) for bit in unpack(m, 1)]
    v = add(ntt_inverse(ntt_dot(t, y)), sample_noise(r, 2 * K), message)
    return shared, b"".join(compress(x, 10) for x in u) + compress(v, 4)


# --- HPKE, RFC 9180, base mode; KEM MLKEM768X25519 of draft-ietf-hpke-pq, HKDF-SHA-256, ChaCha20-Poly1305 ---

HPKE_SUITE = b"HPKE" + struct.pack(">HHH", 0x647A, 0x0001, 0x0003)
X25519_BASE = b"\x09" + bytes(31)


def hpke_public(seed):
    both = hashlib.shake_256(seed).digest(96)
    return mlkem_public(both[:32]) + x25519(both[64:], X25519_BASE)


def hpke_encapsulate(public, randomness):
    """Shared secret and enc; randomness is 32 bytes for ML-KEM and 32 for X25519."""
    pq_shared, pq_enc = mlkem_encapsulate(public[:1184], randomness[:32])
    enc, shared = x25519(randomness[32:], X25519_BASE), x25519(randomness[32:], public[1184:])
    return hashlib.sha3_256(pq_shared + shared + enc + public[1184:] + b"\\.//^\\").digest(), pq_enc + enc


def hpke_schedule(shared, info):
    """Key and nonce of the first message."""
    def extract(salt, label, ikm):
        return hkdf_extract(salt, b"HPKE-v1" + HPKE_SUITE + label + ikm)

    def expand(secret, label, context, length):
        return hkdf_expand(secret, struct.pack(">H", length) + b"HPKE-v1" + HPKE_SUITE + label + context, length)

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    return expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)


def hpke_seal(public, info, plaintext, randomness, aad=b""):
    shared, enc = hpke_encapsulate(public, randomness)
    key, nonce = hpke_schedule(shared, info)
    return enc, chacha20_poly1305(key, nonce, plaintext, aad)


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
    # draft-ietf-hpke-pq, test vector of MLKEM768X25519, HKDF-SHA256, ChaCha20Poly1305; the long values by their SHA-256.
    public = hpke_public(bytes.fromhex("b3f98b03126a431ccecc62ae0f68e102c2d8e1cc7b21ba85d821d8e31761e0f8"))
    assert sha256(public).hex() == "120b60e0ae3c00c1c9def1c61aeb12de710bfa49646ae6f99a7e564b25ace493"
    enc, ciphertext = hpke_seal(public, bytes.fromhex("34663634363532303666366532303631323034373732363536333639363136653230353537323665"), bytes.fromhex(
        "34323635363137353734373932303639373332303734373237353734363832633230373437323735373436383230363236353631373537343739"), bytes.fromhex(
        "a3a869097e0241158eca5dc6c9e695f9e0d2ee5db51c09c435aab69d56509a43"
        "d94ff76d7d47cf79ecf75394261236cec024bd849cc782e14f7f0738af83daed"), bytes.fromhex("436f756e742d30"))
    assert sha256(enc).hex() == "3a7ef30fb815e75b7f0f16f5bab5c36250882d94ea0f776cc2241cdd3b36b480"
    assert ciphertext.hex() == (
        "ac355d192158cd54250e1702be51e9d2eafe5f9292a9f153e02a2323e1ff071a30947836c38c63c9"
        "86c28ccf05e00d4e5fe066a48ab8d5b39c69d32da80c93dc868daa0f853a6cbdd640")
