"""docs/protocol.md §2 to §6 as a reader: what is decoded, opened and verified. Written from the document, as the rest of this folder.
The writers' half is protocol.py and account.py.
"""

import hashlib
import hmac

import primitives as p
from account import TYPES, ZERO, sealed_key_hash, state_root
from protocol import cbor, concat, labelled_hash, padded


class Refused(Exception):
    """What another has sent is not what the document allows."""


def demand(condition, reason):
    if not condition:
        raise Refused(reason)


# --- CBOR, §2 ---

def decode(raw):
    """Canonical CBOR is what comes out the same when it is encoded again."""
    try:
        value, end = decode_one(raw, 0, 0)
        same = end == len(raw) and cbor(value) == raw
    except (IndexError, UnicodeError, TypeError, OverflowError):
        raise Refused("CBOR is malformed") from None
    demand(same, "CBOR is not canonical")
    return value


def decode_one(raw, at, depth):
    major, n, at = raw[at] >> 5, raw[at] & 31, at + 1
    if major == 7:
        demand(n in (20, 21, 22), "CBOR has a float or a simple value")
        return {20: False, 21: True, 22: None}[n], at
    demand(n < 28 and major != 6 and depth <= 16, "CBOR is indefinite, tagged or too deep")
    if n >= 24:
        size = 1 << n - 24
        n, at = int.from_bytes(raw[at:at + size], "big"), at + size
    if major < 2:
        return (n if major == 0 else -1 - n), at
    demand(n <= len(raw) - at, "CBOR is cut")
    if major < 4:
        return (raw[at:at + n] if major == 2 else raw[at:at + n].decode()), at + n
    items = []
    for _ in range(n if major == 4 else 2 * n):
        item, at = decode_one(raw, at, depth + 1)
        items.append(item)
    return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at


def fields(value, kinds, optional=()):
    """A map with exactly these keys. A kind is a size of bytes, a type, or a least number."""
    demand(isinstance(value, dict) and set(kinds) - set(optional) <= set(value) <= set(kinds), "a map has other keys")
    for key, kind in kinds.items():
        if key in value:
            of = value[key]
            good = type(of) is kind if isinstance(kind, type) else isinstance(of, bytes) and len(of) == kind
            demand(good and (kind is not int or -1 << 63 <= of < 1 << 64), "field %d is something else" % key)
    return value


# --- Ed25519, RFC 8032 §5.1.7, with what §2 refuses ---

def point(raw):
    y = int.from_bytes(raw, "little") & ((1 << 255) - 1)
    demand(len(raw) == 32 and y < p.P, "a point is not spelled canonically")
    x = p.ed_x(y, raw[31] >> 7)
    demand((y * y - x * x - 1 - p.D * x * x * y * y) % p.P == 0 and x < p.P, "not a point of the curve")
    return x, y


def public_key(raw):
    key = point(raw)
    demand(p.ed_multiply(8, key) != (0, 1), "a key of small order")
    return key


def verify(public, purpose, message, signature):
    demand(len(signature) == 64 and int.from_bytes(signature[32:], "little") < p.ORDER, "a malformed signature")
    h = hashlib.sha512(signature[:32] + public + concat("coffer/v1/sig/" + purpose, message)).digest()
    right = p.ed_add(point(signature[:32]), p.ed_multiply(int.from_bytes(h, "little") % p.ORDER, public_key(public)))
    demand(p.ed_multiply(int.from_bytes(signature[32:], "little"), p.BASE) == right, "a wrong signature, purpose " + purpose)


# --- Envelope, §4 ---

def open_envelope(key, purpose, epoch, key_id, context, sealed):
    header, commitment, body, tag = sealed[:50], sealed[50:82], sealed[82:-16], sealed[-16:]
    demand(82 + 64 + 16 <= len(sealed) <= 1 << 20, "does not open")
    demand(header[:26] == b"CFE1\1" + bytes([purpose]) + epoch.to_bytes(4, "big") + key_id, "does not open")
    both = p.hkdf(key, header[26:], concat("coffer/v1/envelope", p.sha256(concat(context, header))), 64)
    demand(hmac.compare_digest(both[32:], commitment), "does not open")
    # The cipher undoes itself; what it makes of the plaintext again has the tag.
    plain = p.xchacha20_poly1305(both[:32], header[26:], body, concat(header, context))[:-16]
    demand(hmac.compare_digest(p.xchacha20_poly1305(both[:32], header[26:], plain, concat(header, context)), body + tag), "does not open")
    content = plain[4:4 + int.from_bytes(plain[:4], "big")]
    demand(padded(content) == plain, "does not open")
    return content


def header_epoch(sealed):
    return int.from_bytes(sealed[6:10], "big")


# --- HPKE for the receiver, with ML-KEM.Decaps_internal of FIPS 203 ---

def mlkem_decapsulate(d, z, ciphertext):
    secret = [p.ntt(p.sample_noise(hashlib.sha3_512(d + bytes([p.K])).digest()[32:], i)) for i in range(p.K)]

    def decompressed(data, width):
        return [(x * p.Q + (1 << width - 1)) >> width for x in p.unpack(data, width)]

    u = [p.ntt(decompressed(ciphertext[320 * i:320 * i + 320], 10)) for i in range(p.K)]
    noisy = p.add(decompressed(ciphertext[320 * p.K:], 4), [-x for x in p.ntt_inverse(p.ntt_dot(secret, u))])
    shared, again = p.mlkem_encapsulate(p.mlkem_public(d), p.compress(noisy, 1))
    return shared if hmac.compare_digest(again, ciphertext) else hashlib.shake_256(z + ciphertext).digest(32)


def hpke_open(seed, info, enc, ciphertext):
    demand(len(enc) == 1120, "does not open")
    both = hashlib.shake_256(seed).digest(96)
    pq, classic = mlkem_decapsulate(both[:32], both[32:64], enc[:1088]), p.x25519(both[64:], enc[1088:])
    shared = hashlib.sha3_256(pq + classic + enc[1088:] + p.x25519(both[64:], p.X25519_BASE) + b"\\.//^\\").digest()
    key, nonce = p.hpke_schedule(shared, info)
    plain = p.chacha20_poly1305(key, nonce, ciphertext[:-16], b"")[:-16]
    demand(hmac.compare_digest(p.chacha20_poly1305(key, nonce, plain, b""), ciphertext), "does not open")
    return plain


# --- The account log, §5 ---

HEADS = {1: 16, 2: int, 3: 32}
BODIES = {
    "genesis": {1: 32, 2: 1216, 3: 32},
    "credentials": {1: int, 2: str, 3: 32, 4: list, 5: 32},
    "device-add": {1: 16, 2: 32, 3: str, 4: str, 5: 1216, 6: 16},
    "device-revoke": {1: 16, 2: list},
    "vault-epoch": {1: 16, 2: int, 3: 32, 4: 32},
    "identity-rotate": {1: 32, 2: 1216, 3: 32, 4: 64},
    "email-change": {1: 32},
    "server-restore": {1: 16, 2: 16, 3: int, 4: 32, 5: int, 6: 32},
    "device-rename": {1: 16, 2: str},
    "sign-out": {1: 16},
}
OPTIONAL = {"credentials": (5,), "device-add": (6,), "vault-epoch": (4,)}


class ReadLog:
    """A log as its entries have made it."""

    def __init__(self, account):
        self.account, self.hashes, self.keys = account, [], set()
        self.identity, self.in_force, self.identities, self.rotated, self.revoking = None, None, 0, False, False
        self.devices, self.added, self.revoked, self.epochs, self.ends = {}, {}, {}, {}, {}

    def hash(self):
        return self.hashes[-1] if self.hashes else ZERO

    def live(self, device, at=None):
        at = len(self.hashes) if at is None else at
        return device in self.added and self.added[device] <= at and at < self.revoked.get(device, 1 << 64)

    def enter(self, entry, signature):
        demand(len(entry) <= 16 << 10, "an entry is too large")
        e = fields(decode(entry), {1: int, 2: 16, 3: int, 4: 32, 5: int, 6: int, 7: dict})
        demand((e[1], e[2], e[3], e[4]) == (1, self.account, len(self.hashes), self.hash()) and e[6] in TYPES, "an entry does not follow")
        name = TYPES[e[6]][0]
        demand((name == "genesis") == (not self.hashes), "genesis is not at the beginning")
        demand(not self.revoking or name in ("device-revoke", "identity-rotate"), "something else follows a revocation")
        body = fields(e[7], BODIES[name], optional=OPTIONAL.get(name, ()))
        verify(self.identity[1] if self.hashes else body[1], "account-log", entry, signature)
        getattr(self, name.replace("-", "_"))(body)
        self.hashes.append(labelled_hash("coffer/v1/log-entry", entry))

    def once(self, key):
        public_key(key)
        demand(key not in self.keys, "a key is entered twice")
        self.keys.add(key)

    def genesis(self, b):
        self.once(b[1])
        self.identity, self.identities = b, self.identities + 1

    def identity_rotate(self, b):
        verify(b[1], "identity-rotate", concat(self.account, len(self.hashes), self.hash(), b[1], b[2], b[3]), b[4])
        self.genesis(b)
        self.rotated, self.revoking = True, False

    def credentials(self, b):
        sealings = {fields(s, {1: str, 2: 32})[1]: s[2] for s in b[4]}
        demand(len(sealings) == len(b[4]) and "password" in sealings and set(sealings) <= {"password", "recovery"}, "other sealings")
        demand(("recovery" in sealings) == (5 in b), "a recovery sealing or its key is missing")
        public_key(b[3]), public_key(b.get(5, b[3]))
        old = self.in_force or {1: 0, "password": None, "recovery": None}
        demand(b[1] == old[1] + 1 and sealings["password"] != old["password"], "credentials do not follow")
        before, after = (old["recovery"], old.get(5)), (sealings.get("recovery"), b.get(5))
        new = before[0] != after[0] and before[1] != after[1]
        demand(new or before == after and not (self.rotated and after[0]), "the recovery sealing changed by half")
        self.in_force, self.rotated = {**b, "recovery": None, **sealings}, False

    def device_add(self, b):
        demand(b[1] not in self.added and (6 not in b or self.live(b[6])), "a device id again, or no approver")
        self.once(b[2])
        self.devices[b[1]], self.added[b[1]] = b, len(self.hashes)

    def device_revoke(self, b):
        demand(self.live(b[1]) and [fields(h, HEADS)[1] for h in b[2]] == sorted(self.epochs), "a revocation of others")
        for h in b[2]:
            demand((h[2] == 0) == (h[3] == ZERO), "a head without its hash")
            self.ends[h[1], b[1]] = h[2], h[3]
        self.revoked[b[1]], self.revoking = len(self.hashes), True

    def vault_epoch(self, b):
        epochs = self.epochs.setdefault(b[1], [])
        demand(b[2] == len(epochs) + 1 and (4 in b) == (b[2] > 1), "an epoch does not follow")
        epochs.append((len(self.hashes), b[3], b.get(4)))

    def email_change(self, b):
        pass

    def server_restore(self, b):
        demand(self.live(b[2]) and b[1] in self.epochs and b[3] and b[4] != b[6] and (b[5] == 0) == (b[6] == ZERO), "a restore of nothing")
        for place in [of for of in self.ends if of[0] == b[1]]:
            self.ends[place] = b[5], b[6]

    def device_rename(self, b):
        demand(self.live(b[1]), "not of a live device")

    sign_out = device_rename

    def epoch(self, vault, at=None):
        at = len(self.hashes) if at is None else at
        return sum(1 for entered, *_ in self.epochs.get(vault, ()) if entered <= at)


# --- Key bundles, §5; binary values are bytes here ---

def prove_bundle(bundle, kek, login_public):
    """The log, AK, identity seeds and {vault: {epoch: VK}} of a bundle that was fetched with the password's keys."""
    account, generation = bundle["account_id"], bundle["generation"]
    ak = open_envelope(kek, 1, generation, account, concat("ak", account, generation, "password"), bundle["sealed_account_key"])
    log = ReadLog(account)
    for signed in bundle["log"]:
        log.enter(signed["entry"], signed["signature"])
    demand(not log.revoking and log.in_force, "the log is withheld in part")
    context = concat("identity", account, log.identities - 1)
    seeds = fields(decode(open_envelope(ak, 1, 0, account, context, bundle["sealed_identity"])), {1: 32, 2: 32})
    named = (p.ed_public(seeds[1]), p.hpke_public(seeds[2]), sealed_key_hash(bundle["sealed_identity"]))
    demand(named == tuple(log.identity[n] for n in (1, 2, 3)), "another identity")
    last, sent = log.in_force, (generation, bundle["profile"], login_public, sealed_key_hash(bundle["sealed_account_key"]))
    demand((last[1], last[2], last[3], last["password"]) == sent, "other credentials")
    return log, ak, seeds, open_vaults(log, ak, bundle["vaults"])


def open_vaults(log, ak, sent):
    sealed = {(v["vault_id"], v["epoch"]): (v["sealed_vault_key"], v.get("sealed_previous_key")) for v in sent}
    named = {(vault, n): e[1:] for vault, epochs in log.epochs.items() for n, e in enumerate(epochs, 1)}
    hashes = {of: tuple(key and sealed_key_hash(key) for key in keys) for of, keys in sealed.items()}
    demand(len(sent) == len(sealed) and hashes == named, "vault keys are missing, left over or others")
    opened = {}
    for vault, epochs in log.epochs.items():
        n = len(epochs)
        keys = {n: open_envelope(ak, 1, 0, log.account, concat("vk", log.account, vault, n), sealed[vault, n][0])}
        for n in range(n, 1, -1):
            keys[n - 1] = open_envelope(keys[n], 1, n, vault, concat("vk-prev", log.account, vault, n), sealed[vault, n][1])
        opened[vault] = keys
    return opened


# --- Commits, §6 ---

COMMIT = {1: int, 2: 16, 3: int, 4: 32, 5: 32, 6: 32, 7: int, 8: int, 9: 32, 10: 16, 11: 16, 12: int, 13: list}


def read_changes(raw):
    changes = decode(raw)
    demand(isinstance(changes, list) and 1 <= len(changes) <= 1000 and len(raw) <= 256 << 10, "no change list")
    for c in changes:
        fields(c, {1: 16, 2: int, 3: int, 4: int, 5: 32})
        demand(0 <= c[2] < c[3] == c[2] + 1 and c[4] in (1, 2) and (c[4] == 2) == (c[5] == ZERO), "a change that is none")
    demand(all(a[1] < b[1] for a, b in zip(changes, changes[1:])), "a change list is not sorted")
    return changes


class Chain:
    """One vault as its commits have made it."""

    def __init__(self, vault, log):
        self.vault, self.log, self.seq, self.hash, self.log_seq, self.table, self.root = vault, log, 0, ZERO, 0, {}, None

    def commit(self, raw, signature):
        """What a commit shows without the one before it: the commit and its hash."""
        c, log, own = fields(decode(raw), COMMIT), self.log, labelled_hash("coffer/v1/commit", raw)
        demand(len(raw) <= 64 << 10 and c[1] == 1 and c[2] == self.vault and c[3] > 0, "a commit of something else")
        demand(all(fields(h, HEADS) for h in c[13]), "heads")
        demand(0 <= c[8] < len(log.hashes) and log.hashes[c[8]] == c[9], "a place that the log does not have")
        demand(log.live(c[11], c[8]) and c[7] == log.epoch(self.vault, c[8]) > 0, "no device, or no epoch, at that place of the log")
        verify(log.devices[c[11]][2], "commit", raw, signature)
        for (vault, device), (seq, named) in log.ends.items():
            demand(vault != self.vault or device != c[11] or c[3] <= seq, "a commit of a revoked device")
            demand(vault != self.vault or c[3] != seq or own == named, "another commit than a revocation names")
        return c, own

    def follow(self, raw, changes, signature):
        c, own = self.commit(raw, signature)
        demand((c[3], c[4]) == (self.seq + 1, self.hash) and c[8] >= self.log_seq, "a commit does not follow")
        demand(labelled_hash("coffer/v1/changes", changes) == c[6], "another change list")
        for change in read_changes(changes):
            demand(self.table.get(change[1], (0,))[0] == change[2], "a revision does not follow")
            self.table[change[1]] = change[3], change[4], change[5]
        self.seq, self.hash, self.log_seq, self.root = c[3], own, c[8], c[5]

    def check(self):
        """At the head that the server tells of."""
        demand(self.seq == 0 or state_root(self.vault, self.table) == self.root, "another state root")
        demand(all(self.seq >= seq for (vault, _), (seq, _) in self.log.ends.items() if vault == self.vault), "a head before a revocation's")
