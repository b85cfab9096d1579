"""docs/protocol.md §5, §6 and §8 as a second implementation: one account from its sign-up to a rotation of its keys, with its log,
its vault, wraps, bundles, signed messages and a pairing. Everything comes out the same at each run.
"""

import base64
import functools

from primitives import ed_public, hkdf, hkdf_expand, hpke_public, hpke_seal, sha256
from protocol import cbor, concat, envelope, labelled_hash, recovery_code_text, sample, secret_key_text, signature

ZERO = bytes(32)
ACCOUNT, VAULT, OTHER_VAULT = sample("account id", 16), sample("vault id", 16), sample("another vault id", 16)
EMAIL, ORIGIN = "ada@example.org", "https://vault.example:8443"
START = 1_700_000_000_000  # the time of the first entry; each later one comes a minute after


def sealed_key_hash(sealed):
    return labelled_hash("coffer/v1/sealed-key", sealed)


def seal(key, epoch, key_id, context, plaintext, purpose=1):
    return envelope(key, purpose, epoch, key_id, sample("nonce " + context.hex(), 24), context, plaintext)


class Device:
    def __init__(self, name, platform):
        self.name, self.platform = name, platform
        self.id, self.seed = sample("device id " + name, 16), sample("device seed " + name, 32)
        self.public = ed_public(self.seed)
        self.receive = hpke_public(hkdf_expand(self.seed, b"coffer/v1/device-receive", 32))

    def add(self, approver=None):
        body = {1: self.id, 2: self.public, 3: self.name, 4: self.platform, 5: self.receive}
        return {**body, 6: approver.id} if approver else body

    def keys_hash(self):
        return labelled_hash("coffer/v1/device-keys", self.public, self.receive)

    def values(self):
        return {"device": self.id.hex(), "seed": self.seed.hex(), "public": self.public.hex(), "receive": self.receive.hex(),
                "name": self.name, "platform": self.platform}


class Keys:
    """What is new with a rotation: identity, account key, recovery code, vault key."""

    def __init__(self, number):
        self.number, label = number, "keys %d " % number
        self.sign, self.receive_seed = sample(label + "sign", 32), sample(label + "receive", 32)
        self.public, self.receive = ed_public(self.sign), hpke_public(self.receive_seed)
        self.ak, self.vk, self.rc = sample(label + "ak", 32), sample(label + "vk", 32), sample(label + "rc", 20)
        plaintext = cbor({1: self.sign, 2: self.receive_seed})
        self.sealed_identity = seal(self.ak, 0, ACCOUNT, concat("identity", ACCOUNT, number), plaintext)
        rmk = hkdf(self.rc, b"coffer/v1/recovery", concat("coffer/v1/recovery-master", ACCOUNT), 32)
        self.recovery_seed = hkdf_expand(rmk, b"coffer/v1/auth-ed25519", 32)
        self.recovery_kek = hkdf_expand(rmk, b"coffer/v1/account-kek", 32)

    def sealed_recovery(self, generation):
        return seal(self.recovery_kek, generation, ACCOUNT, concat("ak", ACCOUNT, generation, "recovery"), self.ak)

    def sealed_vault(self, epoch):
        return seal(self.ak, 0, ACCOUNT, concat("vk", ACCOUNT, VAULT, epoch), self.vk)


class Credentials:
    """Of one generation; PWK is made up here, since derivation.json has how it comes about."""

    def __init__(self, generation, sk, keys, profile="P2"):
        self.generation, self.sk, self.profile = generation, sk, profile
        pwk = sample("pwk %d" % generation, 32)
        self.amk = hkdf(pwk + sk, b"coffer/v1/2skd", concat("coffer/v1/amk", ACCOUNT, profile, generation), 32)
        self.login_seed = hkdf_expand(self.amk, b"coffer/v1/auth-ed25519", 32)
        kek = hkdf_expand(self.amk, b"coffer/v1/account-kek", 32)
        self.sealed_ak = seal(kek, generation, ACCOUNT, concat("ak", ACCOUNT, generation, "password"), keys.ak)

    def body(self, keys, sealed_recovery):
        return {1: self.generation, 2: self.profile, 3: ed_public(self.login_seed),
                4: [{1: "password", 2: sealed_key_hash(self.sealed_ak)}, {1: "recovery", 2: sealed_key_hash(sealed_recovery)}],
                5: ed_public(keys.recovery_seed)}


# The names of what is in a body, by type.
TYPES = {
    1: ("genesis", ["identity", "receive", "sealed_identity"]),
    2: ("credentials", ["generation", "profile", "login", "sealings", "recovery"]),
    3: ("device-add", ["device", "public", "name", "platform", "receive", "approver"]),
    4: ("device-revoke", ["device", "last"]),
    5: ("vault-epoch", ["vault", "epoch", "sealed_key", "previous"]),
    6: ("identity-rotate", ["identity", "receive", "sealed_identity", "signature"]),
    7: ("email-change", ["email"]),
    8: ("server-restore", ["vault", "device", "given_up", "given_up_hash", "adopted", "adopted_hash"]),
    9: ("device-rename", ["device", "name"]),
    10: ("sign-out", ["device"]),
    10: ("sign-out", ["device"]),
}


def named(value, names):
    return {names[k - 1]: readable(v) for k, v in value.items()}


def readable(value):
    """As it is in the JSON."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [named(v, ["type", "hash"] if isinstance(v[1], str) else ["vault", "seq", "hash"]) for v in value]
    return value


class Log:
    def __init__(self):
        self.entries = []  # (type, body, bytes, signature, the seed that signed)

    def hash(self, seq=-1):
        return labelled_hash("coffer/v1/log-entry", self.entries[seq][2]) if self.entries else ZERO

    def encode(self, kind, body, **other):
        fields = {1: 1, 2: ACCOUNT, 3: len(self.entries), 4: self.hash(), 5: START + 60_000 * len(self.entries), 6: kind, 7: body}
        fields.update(other.get("edit", {}))
        return cbor(fields)

    def enter(self, seed, kind, body):
        raw = self.encode(kind, body)
        self.entries.append((kind, body, raw, signature(seed, "account-log", raw), seed))

    def batch_hash(self, first, last):
        return labelled_hash("coffer/v1/batch", *(f for e in self.entries[first:last + 1] for f in e[2:4]))


def rotation(log, keys, purpose="identity-rotate", place=None):
    seq = len(log.entries) if place is None else place
    message = concat(ACCOUNT, seq, log.hash(), keys.public, keys.receive, sealed_key_hash(keys.sealed_identity))
    return {1: keys.public, 2: keys.receive, 3: sealed_key_hash(keys.sealed_identity), 4: signature(keys.sign, purpose, message)}


# --- The state of a vault ---

def leaf_of(vault, thing):
    return int.from_bytes(labelled_hash("coffer/v1/leaf", vault, thing)[:2], "big")


def state_root(vault, table):
    """table: object id to (revision, state, env_hash)."""
    leaves = {}
    for thing in sorted(table):
        revision, state, env_hash = table[thing]
        row = thing + revision.to_bytes(8, "big") + bytes([state]) + env_hash
        leaves[leaf_of(vault, thing)] = leaves.get(leaf_of(vault, thing), b"") + row
    nodes = []
    for high in range(256):
        hashes = [sha256(b"coffer/v1/tree-leaf" + leaves[high << 8 | low]) if high << 8 | low in leaves else ZERO for low in range(256)]
        nodes.append(sha256(b"coffer/v1/tree-node" + b"".join(hashes)) if any(h != ZERO for h in hashes) else ZERO)
    return sha256(b"coffer/v1/tree-root" + vault + b"".join(nodes))


class Chain:
    """The commits of the vault."""

    def __init__(self, vault):
        self.vault, self.table, self.commits, self.objects = vault, {}, [], []

    def hash(self):
        return labelled_hash("coffer/v1/commit", self.commits[-1]["raw"]) if self.commits else ZERO

    def put(self, name, vk, epoch, content):
        """A change that puts an object, whose envelope is kept for the vectors."""
        thing = sample("object " + name, 16)
        old = self.table.get(thing, (0,))[0]
        ok = hkdf_expand(vk, concat("coffer/v1/object", self.vault, thing, epoch), 32)
        sealed = seal(ok, epoch, self.vault, concat("object", ACCOUNT, self.vault, thing, old + 1), content, purpose=2)
        self.objects.append({"object": thing.hex(), "revision": old + 1, "epoch": epoch, "vault_key": vk.hex(),
                             "plaintext": content.hex(), "envelope": sealed.hex(), "env_hash": labelled_hash("coffer/v1/env", sealed).hex()})
        return {1: thing, 2: old, 3: old + 1, 4: 1, 5: labelled_hash("coffer/v1/env", sealed)}

    def tombstone(self, name):
        thing = sample("object " + name, 16)
        old = self.table[thing][0]
        return {1: thing, 2: old, 3: old + 1, 4: 2, 5: ZERO}

    def apply(self, changes):
        for c in changes:
            self.table[c[1]] = (c[3], c[4], c[5])

    def commit(self, device, epoch, log, log_seq, changes, heads=()):
        changes = sorted(changes, key=lambda c: c[1])
        self.apply(changes)
        listed, number = cbor(changes), len(self.commits) + 1
        fields = {1: 1, 2: self.vault, 3: number, 4: self.hash(), 5: state_root(self.vault, self.table),
                  6: labelled_hash("coffer/v1/changes", listed), 7: epoch, 8: log_seq, 9: log.hash(log_seq),
                  10: sample("op %d" % number, 16), 11: device.id, 12: START + 7 * number, 13: list(heads)}
        raw = cbor(fields)
        self.commits.append({"fields": fields, "changes": changes, "raw": raw, "list": listed,
                             "signature": signature(device.seed, "commit", raw), "seed": device.seed})


# --- The story ---

def login(title, password):
    """The plaintext of an object that is a login."""
    return cbor({1: 1, 2: "login", 3: title, 4: {"username": b"ada", "password": password.encode()}, 5: ["https://example.org"],
                 11: START, 12: START})


class Story:
    def __init__(self):
        self.a, self.b, self.c = Device("PC A", "linux"), Device("PC B \u2013 office", "windows"), Device("PC C", "macos")
        self.sk = [sample("sk first", 16), sample("sk second", 16)]
        self.keys = [Keys(0), Keys(1)]
        self.log, self.chain = Log(), Chain(VAULT)
        self.begin()
        self.write()
        self.rotate()

    def begin(self):
        log, keys = self.log, self.keys[0]
        self.credentials = [Credentials(1, self.sk[0], keys), Credentials(2, self.sk[0], keys)]
        enter = functools.partial(log.enter, keys.sign)
        enter(1, {1: keys.public, 2: keys.receive, 3: sealed_key_hash(keys.sealed_identity)})
        enter(2, self.credentials[0].body(keys, keys.sealed_recovery(1)))
        enter(3, self.a.add())
        enter(5, {1: VAULT, 2: 1, 3: sealed_key_hash(keys.sealed_vault(1))})
        enter(3, self.b.add(self.a))
        enter(9, {1: self.b.id, 2: "PC B"})
        enter(3, self.c.add())
        enter(7, {1: labelled_hash("coffer/v1/email", ACCOUNT, "ada@new.example.org")})
        # Another password: the recovery sealing is still that of generation 1.
        enter(2, self.credentials[1].body(keys, keys.sealed_recovery(1)))

    def write(self):
        chain, vk = self.chain, self.keys[0].vk
        chain.commit(self.a, 1, self.log, 3, [chain.put("x", vk, 1, login("first", "one")), chain.put("y", vk, 1, login("second", "two"))])
        other_head = {1: OTHER_VAULT, 2: 300, 3: sample("head of another vault", 32)}
        chain.commit(self.b, 1, self.log, 5, [chain.put("x", vk, 1, login("first, edited", "three")), chain.put("z", vk, 1, login("third", "four"))], [other_head])
        chain.commit(self.c, 1, self.log, 8, [chain.tombstone("y")])

    def rotate(self):
        log, chain, old, new = self.log, self.chain, self.keys[0], self.keys[1]
        head = {1: VAULT, 2: 3, 3: chain.hash()}
        log.enter(old.sign, 8, {1: VAULT, 2: self.b.id, 3: 3, 4: sample("a fork", 32), 5: 3, 6: chain.hash()})
        log.enter(old.sign, 4, {1: self.c.id, 2: [head]})
        log.enter(old.sign, 6, rotation(log, new))
        self.credentials.append(Credentials(3, self.sk[1], new))
        log.enter(new.sign, 2, self.credentials[2].body(new, new.sealed_recovery(3)))
        self.vk_prev = seal(new.vk, 2, VAULT, concat("vk-prev", ACCOUNT, VAULT, 2), old.vk)
        log.enter(new.sign, 5, {1: VAULT, 2: 2, 3: sealed_key_hash(new.sealed_vault(2)), 4: sealed_key_hash(self.vk_prev)})
        chain.commit(self.b, 2, log, 13, [chain.put("z", new.vk, 2, login("third, edited", "five"))])
        log.enter(new.sign, 10, {1: self.a.id})

    def chain_head(self, seq):
        return labelled_hash("coffer/v1/commit", self.chain.commits[seq - 1]["raw"])


@functools.cache
def story():
    return Story()


# --- log.json ---

def log_vectors():
    s = story()
    entries = []
    for kind, body, raw, signed, seed in s.log.entries:
        name, names = TYPES[kind]
        entries.append({"type": name, "time": START + 60_000 * len(entries), "body": named(body, names), "identity_seed": seed.hex(),
                        "entry": raw.hex(), "signature": signed.hex(),
                        "hash": labelled_hash("coffer/v1/log-entry", raw).hex()})
        if kind == 6:
            entries[-1]["new_identity_seed"] = s.keys[1].sign.hex()
    return {"account": ACCOUNT.hex(), "vault": VAULT.hex(), "entries": entries,
            "batches": [{"first": f, "last": l, "hash": s.log.batch_hash(f, l).hex()} for f, l in ((0, 3), (5, 5), (10, 13))],
            "email": {"address": "ada@new.example.org", "hash": labelled_hash("coffer/v1/email", ACCOUNT, "ada@new.example.org").hex()},
            "refused": refused_entries(s)}


def refused_entries(s):
    """Entries that no log takes after its first entries, though their signature is right unless the name says otherwise."""
    cases = []

    def refuse(name, after, kind, body, seed=None, purpose="account-log", raw=lambda b: b, **edit):
        log = Log()
        log.entries = s.log.entries[:after]
        if callable(body):
            body = body(log)
        encoded = raw(log.encode(kind, body, edit={int(k[1:]): v for k, v in edit.items()}))
        signer = seed or (s.keys[1] if after > 11 else s.keys[0]).sign
        cases.append({"name": name, "after": after, "entry": encoded.hex(), "signature": signature(signer, purpose, encoded).hex()})

    new, rename = Device("PC D", "linux"), {1: s.a.id, 2: "PC"}
    credentials = dict(s.log.entries[8][1])
    last = s.log.entries[10][1][2]
    refuse("version 2", 9, 9, rename, _1=2)
    refuse("another account", 9, 9, rename, _2=sample("another account", 16))
    refuse("seq skipped", 9, 9, rename, _3=10)
    refuse("seq repeated", 9, 9, rename, _3=8)
    refuse("another previous hash", 9, 9, rename, _4=ZERO)
    refuse("unknown type", 9, 11, rename)
    refuse("type 0", 9, 0, rename)
    refuse("unknown key in the entry", 9, 9, rename, _8=0)
    refuse("unknown key in the body", 9, 9, {**rename, 3: 0})
    refuse("missing key in the body", 9, 9, {1: s.a.id})
    refuse("signed by a device", 9, 9, rename, seed=s.a.seed)
    refuse("signed for another purpose", 9, 9, rename, purpose="commit")
    refuse("signed by the identity before", 14, 9, rename, seed=s.keys[0].sign)
    refuse("signed by the next identity", 9, 9, rename, seed=s.keys[1].sign)
    refuse("a byte more", 9, 9, rename, raw=lambda b: b + b"\0")
    refuse("a byte less", 9, 9, rename, raw=lambda b: b[:-1])
    refuse("version in two bytes", 9, 9, rename, raw=lambda b: b[:2] + b"\x18\x01" + b[3:])
    refuse("map of no definite length", 9, 9, rename, raw=lambda b: b"\xbf" + b[1:] + b"\xff")
    refuse("keys in another order", 9, 9, rename, raw=lambda b: b[:1] + b[3:21] + b[1:3] + b[21:])
    refuse("name that is not UTF-8", 9, 9, {1: s.a.id, 2: "~~"}, raw=lambda b: b.replace(b"~~", b"\xff\xfe"))
    refuse("no genesis first", 0, 9, rename)
    refuse("genesis again", 9, 1, s.log.entries[0][1])
    refuse("genesis signed by another key", 0, 1, s.log.entries[0][1], seed=s.a.seed)
    refuse("generation skipped", 9, 2, {**credentials, 1: 4})
    refuse("generation repeated", 9, 2, {**credentials, 1: 2})
    refuse("credentials with the same password sealing", 9, 2, {**credentials, 1: 3})
    fresh = {**credentials, 1: 3, 4: [{1: "password", 2: sample("sealing", 32)}, credentials[4][1]]}
    refuse("two password sealings", 9, 2, {**fresh, 4: [fresh[4][0], fresh[4][0], fresh[4][1]]})
    refuse("no password sealing", 9, 2, {**fresh, 4: [fresh[4][1]]})
    refuse("a sealing of another type", 9, 2, {**fresh, 4: fresh[4] + [{1: "escrow", 2: ZERO}]})
    refuse("a recovery sealing without its key", 9, 2, {k: v for k, v in fresh.items() if k != 5})
    refuse("a recovery key without its sealing", 9, 2, {**fresh, 4: fresh[4][:1]})
    refuse("an absent recovery key as zeros", 9, 2, {**fresh, 4: fresh[4][:1], 5: ZERO})
    refuse("another recovery key for the same sealing", 9, 2, {**fresh, 5: ed_public(sample("another", 32))})
    refuse("the recovery sealing of before a rotation", 12, 2, fresh)
    refuse("device id again", 9, 3, {**new.add(), 1: s.a.id})
    refuse("device key again", 9, 3, {**new.add(), 2: s.a.public})
    refuse("the identity's key for a device", 9, 3, {**new.add(), 2: s.keys[0].public})
    refuse("receive key of another length", 9, 3, {**new.add(), 5: new.receive[:-1]})
    refuse("device approved by none", 9, 3, new.add(Device("PC E", "linux")))
    refuse("device approved by itself", 9, 3, new.add(new))
    refuse("device approved by a revoked one", 13, 3, new.add(s.c), seed=s.keys[1].sign)
    refuse("no approver as zeros", 9, 3, {**new.add(), 6: bytes(16)})
    refuse("revocation of a device that is none", 9, 4, {1: new.id, 2: last})
    refuse("revocation again", 11, 4, {1: s.c.id, 2: last})
    refuse("revocation that leaves the vault out", 9, 4, {1: s.c.id, 2: []})
    refuse("revocation with a vault twice", 9, 4, {1: s.c.id, 2: last + last})
    refuse("revocation with an unknown vault", 9, 4, {1: s.c.id, 2: [{**last[0], 1: OTHER_VAULT}]})
    refuse("revocation at 0 with a hash", 9, 4, {1: s.c.id, 2: [{**last[0], 2: 0}]})
    refuse("revocation without a hash", 9, 4, {1: s.c.id, 2: [{**last[0], 3: ZERO}]})
    refuse("epoch skipped", 9, 5, {1: VAULT, 2: 3, 3: ZERO, 4: sample("previous", 32)})
    refuse("epoch repeated", 9, 5, {1: VAULT, 2: 1, 3: ZERO})
    refuse("epoch 2 without the key before", 9, 5, {1: VAULT, 2: 2, 3: ZERO})
    refuse("epoch 1 with a key before", 3, 5, {1: VAULT, 2: 1, 3: ZERO, 4: sample("previous", 32)})
    refuse("an absent key before as zeros", 3, 5, {1: VAULT, 2: 1, 3: ZERO, 4: ZERO})
    refuse("rotation for another place", 11, 6, lambda log: rotation(log, s.keys[1], place=12))
    refuse("rotation signed for another purpose", 11, 6, lambda log: rotation(log, s.keys[1], purpose="account-log"))
    refuse("rotation to the identity in force", 11, 6, lambda log: rotation(log, s.keys[0]))
    refuse("restore by a revoked device", 11, 8, {**s.log.entries[9][1], 2: s.c.id})
    refuse("restore of an unknown vault", 9, 8, {**s.log.entries[9][1], 1: OTHER_VAULT})
    refuse("restore to the head given up", 9, 8, {**s.log.entries[9][1], 4: s.chain_head(3)})
    refuse("sign-out by a revoked device", 14, 10, {1: s.c.id})
    refuse("sign-out by a device that is none", 9, 10, {1: new.id})
    refuse("rename of a revoked device", 11, 9, {1: s.c.id, 2: "PC"})
    refuse("rename of a device that is none", 9, 9, {1: new.id, 2: "PC"})
    return cases



# --- vault.json and tree.json ---

COMMIT = ["version", "vault", "seq", "parent", "root", "changes_hash", "epoch", "log_seq", "log_hash", "op", "device", "time", "heads"]
CHANGE = ["object", "old", "new", "action", "env_hash"]


def vault_vectors():
    s = story()
    commits = []
    for c in s.chain.commits:
        commits.append({"fields": named(c["fields"], COMMIT), "changes": [named(x, CHANGE) for x in c["changes"]],
                        "device_seed": c["seed"].hex(), "commit": c["raw"].hex(), "change_list": c["list"].hex(),
                        "signature": c["signature"].hex(), "hash": labelled_hash("coffer/v1/commit", c["raw"]).hex()})
    return {"account": ACCOUNT.hex(), "vault": VAULT.hex(), "commits": commits, "objects": s.chain.objects,
            "rows": rows_of(VAULT, s.chain.table), "refused": refused_commits(s), "refused_change_lists": refused_lists()}


def refused_commits(s):
    """Commits that nobody takes after the first ones, with the whole log of log.json or as much of it as is said."""
    cases = []

    def refuse(name, after, entries=14, seed=None, purpose="commit", raw=lambda b: b, changes=None, **edit):
        like = s.chain.commits[after]
        listed = like["list"] if changes is None else changes
        fields = {**like["fields"], 6: labelled_hash("coffer/v1/changes", listed), **{int(k[1:]): v for k, v in edit.items()}}
        encoded = raw(cbor(fields))
        cases.append({"name": name, "after": after, "log_entries": entries, "commit": encoded.hex(), "change_list": listed.hex(),
                      "signature": signature(seed or like["seed"], purpose, encoded).hex()})

    refuse("version 2", 0, _1=2)
    refuse("another vault", 0, _2=OTHER_VAULT)
    refuse("seq 0", 0, _3=0)
    refuse("seq skipped", 1, entries=9, _3=3)
    refuse("another parent", 1, _4=ZERO)
    refuse("another list than the one named", 0, _6=ZERO)
    refuse("an epoch that is not yet", 0, _7=2)
    refuse("an epoch that is over", 3, _7=1)
    refuse("a place that the log does not have", 0, entries=9, _8=9, _9=s.log.hash(9))
    refuse("another entry at the place", 0, _9=s.log.hash(4))
    refuse("an earlier place than the commit before", 2, entries=9, seed=s.a.seed, _8=4, _9=s.log.hash(4), _11=s.a.id)
    refuse("a place before the vault", 0, _8=2, _9=s.log.hash(2))
    refuse("a device that is none", 0, _11=sample("no device", 16))
    refuse("a device before it was added", 1, _8=3, _9=s.log.hash(3))
    refuse("a revoked device, after its last commit, at a place before its end", 3, seed=s.c.seed, _7=1, _8=8, _9=s.log.hash(8), _11=s.c.id)
    refuse("another commit where a revocation names one", 2, seed=s.a.seed, _11=s.a.id)
    refuse("signed by another device", 0, seed=s.b.seed)
    refuse("signed for another purpose", 0, purpose="request")
    refuse("unknown key", 0, _14=0)
    refuse("a byte more", 0, raw=lambda b: b + b"\0")
    refuse("no definite length", 0, raw=lambda b: b"\xbf" + b[1:] + b"\xff")
    refuse("without heads", 0, raw=lambda b: b"\xac" + b[1:-2])
    refuse("heads that are null", 0, _13=None)
    refuse("keys in another order", 0, raw=lambda b: b[:1] + b[3:21] + b[1:3] + b[21:])
    for case in (c for c in refused_lists() if len(c["change_list"]) < 1000):
        refuse("change list: " + case["name"], 0, changes=bytes.fromhex(case["change_list"]))
    return cases


def refused_lists():
    low, high = sorted((sample("object x", 16), sample("object y", 16)))
    put = {1: low, 2: 0, 3: 1, 4: 1, 5: sample("an envelope's hash", 32)}
    lists = {
        "empty": [], "not sorted": [{**put, 1: high}, put], "one object twice": [put, {**put, 2: 1, 3: 2}],
        "revision skipped": [{**put, 3: 2}], "revision stays": [{**put, 3: 0}], "revision wraps": [{**put, 2: 2**64 - 1, 3: 0}],
        "put of nothing": [{**put, 5: ZERO}], "tombstone with a hash": [{**put, 4: 2}], "purge": [{**put, 4: 3, 5: ZERO}],
        "action 0": [{**put, 4: 0}], "unknown key": [{**put, 6: 0}], "missing key": [{k: v for k, v in put.items() if k != 2}],
        "1,001 changes": [{**put, 1: n.to_bytes(16, "big")} for n in range(1001)], "a map": {1: put},
    }
    good = cbor([put])
    raw = {"a byte more": good + b"\0", "a byte less": good[:-1], "no definite length": b"\x9f" + good[1:] + b"\xff",
           "length in two bytes": b"\x98\x01" + good[1:], "nothing": b""}
    return [{"name": n, "change_list": c.hex()} for n, c in [*((n, cbor(v)) for n, v in lists.items()), *raw.items()]]


def rows_of(vault, table):
    return [{"object": t.hex(), "revision": table[t][0], "state": table[t][1], "env_hash": table[t][2].hex(),
             "leaf": leaf_of(vault, t)} for t in sorted(table)]


def tree_vectors():
    def row(label):
        return sample("tree " + label, 16), (1, 1, sample("tree env " + label, 32))

    by_leaf, pair = {}, None
    for n in range(100_000):
        thing, value = row("pair %d" % n)
        other = by_leaf.setdefault(leaf_of(VAULT, thing), (thing, value))
        if other[0] != thing:
            pair = dict([other, (thing, value)])
            break
    hundred = dict(row(str(n)) for n in range(100))
    dead = {thing: (2, 2, ZERO) if i % 3 == 0 else value for i, (thing, value) in enumerate(hundred.items())}
    large = {sample("large", 16): (2**64 - 1, 1, sample("large env", 32))}
    return [{"name": name, "vault": VAULT.hex(), "rows": rows_of(VAULT, table), "root": state_root(VAULT, table).hex()}
            for name, table in (("empty", {}), ("one", dict([row("one")])), ("two in one leaf", pair), ("a hundred", hundred),
                                ("with tombstones", dead), ("the largest revision", large))]


# --- wrap.json and bundle.json ---

def wrap(s, sender, recipient, log_seq, kind, sk, generation, heads, **change):
    log_hash = s.log.hash(log_seq)
    plaintext = change.get("plaintext", cbor({1: sk, 2: generation, 3: heads}))
    info = concat("coffer/v1/wrap", ACCOUNT, sender.id, recipient.id, recipient.keys_hash(), log_seq, log_hash, kind)
    randomness = sample("wrap " + kind, 64)
    enc, ciphertext = hpke_seal(recipient.receive, change.get("info", info), plaintext, randomness)
    fields = {1: 1, 2: ACCOUNT, 3: sender.id, 4: recipient.id, 5: recipient.keys_hash(), 6: log_seq, 7: log_hash, 8: kind,
              9: enc, 10: ciphertext, **change.get("edit", {})}
    raw = change.get("raw", lambda b: b)(cbor(fields))
    seed = change.get("seed", sender.seed)
    return {"kind": kind, "account": ACCOUNT.hex(), "sender": sender.id.hex(), "sender_seed": sender.seed.hex(),
            "recipient": recipient.values(), "keys": recipient.keys_hash().hex(), "log_seq": log_seq, "log_hash": log_hash.hex(),
            "secret_key": secret_key_text(sk), "generation": generation, "heads": readable(heads), "plaintext": plaintext.hex(),
            "info": info.hex(), "randomness": randomness.hex(), "enc": enc.hex(), "ciphertext": ciphertext.hex(), "wrap": raw.hex(),
            "signature": signature(seed, change.get("purpose", "wrap"), raw).hex()}


def wraps(s):
    head = [{1: VAULT, 2: 3, 3: s.chain_head(3)}]
    return (wrap(s, s.a, s.b, 4, "approval", s.sk[0], 1, [{1: VAULT, 2: 1, 3: s.chain_head(1)}]),
            wrap(s, s.a, s.b, 13, "change", s.sk[1], 3, head))


def wrap_vectors():
    s = story()
    approval, change = wraps(s)
    refused = []

    def refuse(name, sender=s.a, recipient=s.b, log_seq=13, kind="change", **how):
        made = wrap(s, sender, recipient, log_seq, kind, s.sk[1], 3, [], **how)
        refused.append({"name": name, "wrap": made["wrap"], "signature": made["signature"]})

    plaintext = {1: s.sk[1], 2: 3, 3: []}
    refuse("version 2", edit={1: 2})
    refuse("another account", edit={2: sample("another account", 16)})
    refuse("a sender that is no device", edit={3: sample("no device", 16)})
    refuse("a revoked sender", sender=s.c)
    refuse("another recipient", recipient=s.a)
    refuse("a recipient under other keys", edit={5: ZERO})
    refuse("a place that the log does not have", edit={6: 14})
    refuse("another entry at the place", edit={7: ZERO})
    refuse("another place than it was sealed for", edit={6: 12, 7: s.log.hash(12)})
    refuse("a kind that is none", kind="copy")
    refuse("an approval as a change", kind="approval")
    refuse("another kind than it was sealed for", edit={8: "change"}, kind="approval")
    refuse("a bit of enc", edit={9: bytes([1]) + bytes(1119)})
    refuse("enc cut", edit={9: bytes(1119)})
    refuse("an empty ciphertext", edit={10: b""})
    refuse("unknown key", edit={11: 0})
    refuse("a byte more", raw=lambda b: b + b"\0")
    refuse("signed by the recipient", seed=s.b.seed)
    refuse("signed for another purpose", purpose="commit")
    refuse("sealed without context", info=b"")
    refuse("a plaintext that is no map", plaintext=b"\0")
    refuse("a Secret Key of 15 bytes", plaintext=cbor({**plaintext, 1: bytes(15)}))
    refuse("generation 0", plaintext=cbor({**plaintext, 2: 0}))
    refuse("a generation above the log's", plaintext=cbor({**plaintext, 2: 4}))
    refuse("an unknown key in the plaintext", plaintext=cbor({**plaintext, 4: 0}))
    refuse("a byte after the plaintext", plaintext=cbor(plaintext) + b"\0")
    return {"approver_public": s.a.public.hex(), "approval": approval, "change": change, "refused_change": refused}


def bundle_vectors():
    s = story()

    def b64(raw):
        return base64.b64encode(raw).decode()

    def bundle(entries, credentials, keys, vaults, **more):
        return {"account_id": ACCOUNT.hex(), "email": EMAIL, "generation": credentials.generation, "profile": credentials.profile,
                "sealed_account_key": b64(credentials.sealed_ak), "sealed_identity": b64(keys.sealed_identity),
                "vaults": [{"vault_id": VAULT.hex(), "epoch": e, "sealed_vault_key": b64(k), **({"sealed_previous_key": b64(p)} if p else {})}
                           for e, k, p in vaults],
                "log": [{"entry": b64(e[2]), "signature": b64(e[3])} for e in s.log.entries[:entries]], **more}

    old, new = s.keys
    first, second = (1, old.sealed_vault(1), None), (2, new.sealed_vault(2), s.vk_prev)
    received = wraps(s)[1]
    wrapped = {k: b64(bytes.fromhex(received[v])) for k, v in (("wrap", "wrap"), ("wrap_signature", "signature"))}

    def case(name, entries, credentials, keys, vaults, vks, **more):
        return {"name": name, "bundle": bundle(entries, credentials, keys, vaults, **more), "amk": credentials.amk.hex(), "ak": keys.ak.hex(),
                "login_public": ed_public(credentials.login_seed).hex(), "identity_seed": keys.sign.hex(),
                "identity_receive_seed": keys.receive_seed.hex(), "identity_receive": keys.receive.hex(),
                "identity_number": keys.number, "recovery_code": recovery_code_text(keys.rc), "vault_keys": [v.hex() for v in vks],
                "log_seq": entries - 1, "log_hash": s.log.hash(entries - 1).hex()}

    c = s.credentials
    return [
        case("after sign-up", 4, c[0], old, [first], [old.vk]),
        case("after sign-up, by the recovery code", 4, c[0], old, [first], [old.vk], sealed_recovery_key=b64(old.sealed_recovery(1))),
        case("after another password, by the recovery code", 9, c[1], old, [first], [old.vk],
             sealed_recovery_key=b64(old.sealed_recovery(1))),
        case("after a rotation", 14, c[2], new, [first, second], [old.vk, new.vk], wrap=wrapped),
    ]


# --- message.json and pairing.json ---

def message_vectors():
    s = story()
    nonce, expires, device = sample("challenge", 32), START + 300_000, s.b
    login, recovery = s.credentials[0].login_seed, s.keys[0].recovery_seed
    common = {"origin": ORIGIN, "account": ACCOUNT.hex(), "device": device.id.hex()}
    challenge = {"challenge": nonce.hex(), "expires": expires}
    cases = []

    def add(name, fields, message, *signers):
        cases.append({"name": name, **common, **fields, "message": message.hex(),
                      "signatures": [{"seed": seed.hex(), "purpose": purpose, "signature": signature(seed, purpose, message).hex()}
                                     for seed, purpose in signers]})

    for name, seed in (("sign-in", login), ("recovery", recovery)):
        message = concat("coffer/v1/" + name, ORIGIN, ACCOUNT, EMAIL, device.id, device.public, nonce, expires)
        add(name, {"email": EMAIL, "device_public": device.public.hex(), **challenge}, message, (seed, name), (device.seed, "device-proof"))
    batch = s.log.batch_hash(10, 13)
    add("account-change", {"batch": batch.hex(), **challenge},
        concat("coffer/v1/account-change", ORIGIN, ACCOUNT, device.id, nonce, expires, batch), (login, "account-change"))
    address = " Ada@New.example.org"  # as sent, and not as it is entered in the log
    pairing, commitment, batch = sample("pairing id", 16), sample("commitment", 32), s.log.batch_hash(4, 4)
    add("approval", {"pairing": pairing.hex(), "commitment": commitment.hex(), "batch": batch.hex(), **challenge},
        concat("coffer/v1/approval", ORIGIN, ACCOUNT, device.id, nonce, expires, pairing, commitment, batch), (login, "account-change"))
    add("email-change", {"email": address, **challenge},
        concat("coffer/v1/email-change", ORIGIN, ACCOUNT, device.id, nonce, expires, address), (login, "account-change"))
    add("account-delete", challenge,
        concat("coffer/v1/account-delete", ORIGIN, ACCOUNT, device.id, nonce, expires), (login, "account-change"))
    for method, path, query, body, token, account in (
            ("GET", "/v1/vaults/" + VAULT.hex() + "/changes", "since=12", b"", sample("token", 32), ACCOUNT),
            ("POST", "/v1/account/log", "", b'{"entry":"AA=="}', sample("token", 32), ACCOUNT),
            ("POST", "/v1/pairings/start", "", b"{}", b"", bytes(16))):
        once = sample("nonce " + path, 16)
        message = concat("coffer/v1/request", ORIGIN, method, path, query, sha256(body), account, device.id, sha256(token), START, once)
        add("request", {"account": account.hex(), "method": method, "path": path, "query": query, "body": body.hex(), "token": token.hex(),
                        "time": START, "nonce": once.hex()}, message, (device.seed, "request"))
    return cases


def pairing_vectors():
    s = story()
    n, e = s.b, s.a
    pairing = sample("pairing id", 16)
    keys = concat(n.id, n.public, n.receive, n.name, n.platform)
    device_hash = labelled_hash("coffer/v1/pairing-device", keys)
    text = "coffer:pair?" + urlsafe(concat("v1", pairing, device_hash))
    rounds = []
    for number in range(40):
        r, nonce = sample("pairing r %d" % number, 32), sample("pairing n %d" % number, 32)
        both = hkdf(r, nonce, concat("coffer/v1/pairing", pairing, keys, ACCOUNT, e.id, e.public), 16)
        digits = ["%06d" % (int.from_bytes(half, "big") % 10**6) for half in (both[:8], both[8:])]
        # Some rounds are enough; a number with zeros in front must be among them.
        if number < 3 or any(d.startswith("0") for d in digits) and len(rounds) < 6:
            rounds.append({"r": r.hex(), "nonce": nonce.hex(), "commitment": labelled_hash("coffer/v1/pairing-commitment", pairing, keys, r).hex(),
                           "shown_by_new": digits[0][:3] + " " + digits[0][3:], "shown_by_approver": digits[1][:3] + " " + digits[1][3:]})
    good = concat("v1", pairing, device_hash)
    refused = {"another version": urlsafe(concat("v2", pairing, device_hash)), "a field more": urlsafe(good + concat(b"")),
               "a byte more": urlsafe(good + b"\0"), "a byte less": urlsafe(good[:-1]), "padding": base64.urlsafe_b64encode(good + b"\0").decode(),
               "another length in front": urlsafe(good[:3] + b"\3" + good[4:]), "a short hash": urlsafe(concat("v1", pairing, device_hash[:31])),
               "nothing": "", "no base64": "!" + urlsafe(good)}
    return {"account": ACCOUNT.hex(), "pairing": pairing.hex(), "device": n.values(), "approver": e.values(), "rounds": rounds,
            "device_hash": device_hash.hex(), "qr_text": text,
            "refused": [{"name": k, "text": "coffer:pair?" + v} for k, v in refused.items()]
            + [{"name": "another scheme", "text": text.replace("coffer:", "https:")}, {"name": "upper case", "text": text.replace("coffer", "COFFER")}]}


def urlsafe(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
