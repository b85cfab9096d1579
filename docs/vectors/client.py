#!/usr/bin/env python3
"""A second client of docs/protocol.md, on Python's standard library alone, to show that the document is enough. No vault for people:
slow, not constant-time, and it keeps nothing. internal/interop lets it and the Go client use one account.

    python3 client.py ORIGIN MEMORY_KIB PASSES LANES

reads commands as JSON, one a line, and answers each: {"ok": …}, {"refused": why} for what breaks the protocol, {"error": the
server's answer}. {"code": address} asks for the code that was mailed there; the next line has it. MEMORY_KIB, PASSES and LANES are
the cost of every profile, since P1 takes minutes here.
"""

import base64
import copy
import http.client
import json
import os
import sys
import time
import unicodedata
import urllib.parse

import primitives as p
from account import sealed_key_hash, state_root
from protocol import cbor, concat, envelope, labelled_hash, secret_key_text, signature, ALPHABET
from reading import Chain, ReadLog, Refused, decode, demand, fields, header_epoch, hpke_open, open_envelope, prove_bundle, verify

PROFILES = ("P1", "P2", "P3")
LIVE = 1
OCTETS = "application/octet-stream"
PIECE = 1_044_476


class Answer(Exception):
    """An answer of the server that is no success."""


def b64(raw):
    return base64.b64encode(raw).decode()


def sealed(key, epoch, key_id, context, plaintext, purpose=1):
    return envelope(key, purpose, epoch, key_id, os.urandom(24), context, plaintext)


def received(value, key=None):
    """JSON with its ids and binary values as bytes."""
    if isinstance(value, dict):
        return {k: received(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [received(v) for v in value]
    if not isinstance(value, str) or key in ("email", "profile", "next", "code", "message", "signup_id"):
        return value
    return bytes.fromhex(value) if key.endswith("_id") else base64.b64decode(value, validate=True)


class Client:
    def __init__(self, origin, cost):
        self.origin, self.cost = origin, cost
        self.device, self.seed = os.urandom(16), os.urandom(32)
        self.public, self.receive_seed = p.ed_public(self.seed), p.hkdf_expand(self.seed, b"coffer/v1/device-receive", 32)
        self.receive = p.hpke_public(self.receive_seed)
        self.account, self.token = bytes(16), b""

    # --- §8: requests ---

    def send(self, method, path, body=None, query=""):
        """Signed by the device key, with the token if there is one. What needs no signature does not mind it. Bytes travel as they are."""
        path, raw = "/v1/" + path, body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        now, nonce = int(time.time() * 1000), os.urandom(16)
        message = concat("coffer/v1/request", self.origin, method, path, query, p.sha256(raw), self.account, self.device,
                         p.sha256(self.token), now, nonce)
        headers = {"Coffer-Account": self.account.hex(), "Coffer-Device": self.device.hex(), "Coffer-Time": str(now),
                   "Coffer-Nonce": nonce.hex(), "Coffer-Signature": b64(signature(self.seed, "request", message))}
        if body is not None:
            headers["Content-Type"] = OCTETS if isinstance(body, bytes) else "application/json"
        if self.token:
            headers["Authorization"] = "Bearer " + base64.urlsafe_b64encode(self.token).decode().rstrip("=")
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.origin).netloc, timeout=60)
        connection.request(method, path + (query and "?" + query), raw or None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise Answer(json.loads(text)["code"])
        if answer.headers["Content-Type"] == OCTETS:
            return text
        return received(json.loads(text)) if text else None

    def post(self, path, **body):
        return self.send("POST", path, {k: b64(v) if isinstance(v, bytes) else v for k, v in body.items()})

    def introduced(self):
        return {"id": self.device.hex(), "public_key": b64(self.public), "receive_key": b64(self.receive), "name": "PC Python", "platform": "linux"}

    def mailed(self, address):
        print(json.dumps({"code": address}), flush=True)
        return json.loads(sys.stdin.readline())

    # --- §3: keys ---

    def derive(self, password, generation, profile):
        """KEK and the seed of the login key."""
        demand(profile in PROFILES, "an unknown profile")
        salt = p.hkdf(self.sk, b"coffer/v1/sk", concat("coffer/v1/pw-salt", self.account, generation), 16)
        pwk = p.argon2id(unicodedata.normalize("NFKC", password).encode(), salt, *self.cost, 32)
        amk = p.hkdf(pwk + self.sk, b"coffer/v1/2skd", concat("coffer/v1/amk", self.account, profile, generation), 32)
        return p.hkdf_expand(amk, b"coffer/v1/account-kek", 32), p.hkdf_expand(amk, b"coffer/v1/auth-ed25519", 32)

    def tag(self):
        return p.hkdf(self.sk, b"coffer/v1/sk", b"coffer/v1/lookup", 32)

    # --- §5: entering the log ---

    def entry(self, log, kind, body):
        raw = cbor({1: 1, 2: self.account, 3: len(log.hashes), 4: log.hash(), 5: int(time.time() * 1000), 6: kind, 7: body})
        signed = {"entry": raw, "signature": signature(self.seeds[1], "account-log", raw)}
        log.enter(**signed)
        return {k: b64(v) for k, v in signed.items()}

    def device_add(self, log):
        return self.entry(log, 3, {1: self.device, 2: self.public, 3: "PC Python", 4: "linux", 5: self.receive})

    def sign_up(self, email, password):
        started = self.post("signup/start", email=email)
        token = self.post("signup/verify", signup_id=started["signup_id"], code=self.mailed(email))["token"]
        self.account, self.sk, ak, vault, vk = (os.urandom(n) for n in (16, 16, 32, 16, 32))
        self.seeds, (self.kek, self.login) = {1: os.urandom(32), 2: os.urandom(32)}, self.derive(password, 1, "P2")
        a, log = self.account, ReadLog(self.account)
        sealed_ak = sealed(self.kek, 1, a, concat("ak", a, 1, "password"), ak)
        sealed_identity = sealed(ak, 0, a, concat("identity", a, 0), cbor(self.seeds))
        sealed_vk = sealed(ak, 0, a, concat("vk", a, vault, 1), vk)
        entries = [self.entry(log, 1, {1: p.ed_public(self.seeds[1]), 2: p.hpke_public(self.seeds[2]), 3: sealed_key_hash(sealed_identity)}),
                   self.entry(log, 2, {1: 1, 2: "P2", 3: p.ed_public(self.login), 4: [{1: "password", 2: sealed_key_hash(sealed_ak)}]}),
                   self.device_add(log), self.entry(log, 5, {1: vault, 2: 1, 3: sealed_key_hash(sealed_vk)})]
        answer = self.post("signup/finish", token=token, account_id=a.hex(), lookup_tag=self.tag(), sealed_account_key=sealed_ak,
                           sealed_identity=sealed_identity, vault_id=vault.hex(), sealed_vault_key=sealed_vk, device=self.introduced(), log=entries)
        self.token = answer["session"]["access_token"]
        self.log, self.ak, self.vault_keys = log, ak, {1: vk}
        self.chain, self.envelopes = Chain(vault, log), {}
        return secret_key_text(self.sk)

    def sign_in(self, email, password, secret_key):
        digits = secret_key[3:].replace("-", "")[:26]
        self.sk = (sum(ALPHABET.index(d) << 5 * i for i, d in enumerate(reversed(digits))) >> 2).to_bytes(16, "big")
        demand(secret_key_text(self.sk) == secret_key, "no Secret Key")
        found = self.post("signin/lookup", tag=self.tag())
        self.account = found["account_id"]
        self.kek, self.login = self.derive(password, found["generation"], found["profile"])
        challenge = self.post("signin/challenge", account_id=self.account.hex())
        message = concat("coffer/v1/sign-in", self.origin, self.account, email, self.device, self.public, challenge["nonce"], challenge["expires"])
        self.post("signin/prove", account_id=self.account.hex(), email=email, device=self.introduced(), **challenge,
                  login_signature=signature(self.login, "sign-in", message), device_signature=signature(self.seed, "device-proof", message))
        self.token = self.post("signin/verify-device", code=self.mailed(email))["session"]["access_token"]
        self.read_bundle(self.bundle())
        self.send("POST", "account/log", self.device_add(self.log))
        self.first_sync()

    def bundle(self):
        bundle = self.send("GET", "account/keys")
        demand(bundle["account_id"] == self.account, "another account")
        bundle["log"] += self.send("GET", "account/log", query="since=%d" % (len(bundle["log"]) - 1))["entries"]
        return bundle

    def read_bundle(self, bundle):
        self.log, self.ak, self.seeds, vaults = prove_bundle(bundle, self.kek, p.ed_public(self.login))
        (self.vault, self.vault_keys), = vaults.items()

    # --- §6: syncing ---

    def at(self, path):
        return "vaults/%s/%s" % (self.chain.vault.hex(), path)

    def first_sync(self):
        self.chain, self.envelopes, after = Chain(self.vault, self.log), {}, ""
        head = self.send("GET", self.at("head"))
        if head["head"]["seq"]:
            c, own = self.chain.commit(head["commit"]["commit"], head["commit"]["signature"])
            demand((c[3], own) == (head["head"]["seq"], head["head"]["hash"]), "another head")
            while after is not None:
                page = self.send("GET", self.at("objects"), query=after and "after=" + after)
                for row in page["rows"]:
                    demand(row["object_id"] not in self.chain.table, "a row again")
                    self.chain.table[row["object_id"]] = row["revision"], row["state"], row["env_hash"]
                after = page.get("next")
            self.chain.seq, self.chain.hash, self.chain.root, self.chain.log_seq = c[3], own, c[5], c[8]
        self.pull()
        self.fetch()

    def fetch(self):
        """The envelopes that the table names and that did not come along, at most 1,000 a request."""
        before = None
        while lacking := [o for o, (_, state, h) in self.chain.table.items()
                          if state == LIVE and labelled_hash("coffer/v1/env", self.envelopes.get(o, b"")) != h]:
            demand(len(lacking) != before, "an envelope is withheld")
            before = len(lacking)
            some = self.send("POST", self.at("objects/fetch"), {"object_ids": [o.hex() for o in lacking[:1000]]})["envelopes"]
            self.envelopes.update({e["object_id"]: e["envelope"] for e in some})

    def pull(self):
        more = True
        while more:
            page = self.send("GET", self.at("changes"), query="since=%d" % self.chain.seq)
            for c in page["commits"]:
                self.chain.follow(c["commit"], c["changes"], c["signature"])
            self.envelopes.update({e["object_id"]: e["envelope"] for e in page["envelopes"]})
            more = page["more"]
        demand((self.chain.seq, self.chain.hash) == (page["head"]["seq"], page["head"]["hash"]), "another head")
        self.chain.check()

    def sync(self):
        """Other keys in the log stop the sync until adopt."""
        for e in self.send("GET", "account/log", query="since=%d" % (len(self.log.hashes) - 1))["entries"]:
            self.log.enter(e["entry"], e["signature"])
        demand(not self.log.revoking and self.log.in_force[3] == p.ed_public(self.login), "keys changed")
        self.pull()

    def adopt(self, password):
        """§5: other devices. A Secret Key that changed comes in a wrap."""
        bundle = self.bundle()
        if "wrap" in bundle:
            self.sk = self.open_wrap(bundle["wrap"]["wrap"], bundle["wrap"]["wrap_signature"])
        self.kek, self.login = self.derive(password, bundle["generation"], bundle["profile"])
        seen = self.log.hashes
        self.read_bundle(bundle)
        demand(self.log.hashes[:len(seen)] == seen, "another log")
        self.chain.log = self.log
        self.pull()

    def open_wrap(self, raw, signed):
        w, log = fields(decode(raw), {1: int, 2: 16, 3: 16, 4: 16, 5: 32, 6: int, 7: 32, 8: str, 9: 1120, 10: bytes}), self.log
        keys = labelled_hash("coffer/v1/device-keys", self.public, self.receive)
        demand((w[1], w[2], w[4], w[5], w[8]) == (1, self.account, self.device, keys, "change"), "a wrap for another")
        demand(0 <= w[6] < len(log.hashes) and log.hashes[w[6]] == w[7] and log.live(w[3], w[6]) and log.live(self.device, w[6]), "a wrap from elsewhere")
        verify(log.devices[w[3]][2], "wrap", raw, signed)
        info = concat("coffer/v1/wrap", *(w[n] for n in range(2, 9)))
        plain = fields(decode(hpke_open(self.receive_seed, info, w[9], w[10])), {1: 16, 2: int, 3: list})
        demand(plain[2] <= log.in_force[1], "a wrap of a later generation")
        return plain[1]

    def items(self):
        """{object id: plaintext, in hex}, of what is live."""
        return {thing.hex(): self.open(thing, row).hex() for thing, row in self.chain.table.items() if row[1] == LIVE}

    def open(self, thing, row):
        vault, sealed_object = self.chain.vault, self.envelopes[thing]
        demand(labelled_hash("coffer/v1/env", sealed_object) == row[2], "another envelope")
        epoch = header_epoch(sealed_object)
        context = concat("object", self.account, vault, thing, row[0])
        return open_envelope(self.object_key(thing, epoch), 2, epoch, vault, context, sealed_object)

    def object_key(self, thing, epoch):
        return p.hkdf_expand(self.vault_keys[epoch], concat("coffer/v1/object", self.chain.vault, thing, epoch), 32)

    def put(self, thing, plaintext):
        """Pushes one object."""
        chain, thing, epoch = self.chain, bytes.fromhex(thing), self.log.epoch(self.chain.vault)
        old = chain.table.get(thing, (0,))[0]
        context = concat("object", self.account, chain.vault, thing, old + 1)
        sealed_object = sealed(self.object_key(thing, epoch), epoch, chain.vault, context, bytes.fromhex(plaintext), purpose=2)
        env_hash = labelled_hash("coffer/v1/env", sealed_object)
        changes = cbor([{1: thing, 2: old, 3: old + 1, 4: 1, 5: env_hash}])
        root = state_root(chain.vault, {**chain.table, thing: (old + 1, LIVE, env_hash)})
        commit = cbor({1: 1, 2: chain.vault, 3: chain.seq + 1, 4: chain.hash, 5: root, 6: labelled_hash("coffer/v1/changes", changes), 7: epoch,
                       8: len(self.log.hashes) - 1, 9: self.log.hash(), 10: os.urandom(16), 11: self.device, 12: int(time.time() * 1000), 13: []})
        signed = signature(self.seed, "commit", commit)
        self.post(self.at("commits"), commit=commit, changes=changes, signature=signed,
                  envelopes=[{"object_id": thing.hex(), "revision": old + 1, "envelope": b64(sealed_object)}])
        chain.follow(commit, changes, signed)
        self.envelopes[thing] = sealed_object

    # --- §6: chunks ---

    def chunks(self, attachment, size):
        """Path and context of each chunk of a file, and the length of its piece."""
        count = max(1, -(-size // PIECE))
        for index in range(count):
            context = concat("chunk", self.account, self.chain.vault, attachment, index, count)
            yield self.at("attachments/%s/chunks/%d" % (attachment.hex(), index)), context, min(PIECE, size - index * PIECE)

    def attach(self, thing, name, content):
        """Adds a file to an object. The chunks go first, then the object that names the file, then its id."""
        attachment, key, content = os.urandom(16), os.urandom(32), bytes.fromhex(content)
        chunks = list(self.chunks(attachment, len(content)))
        for index, (path, context, size) in enumerate(chunks):
            piece = content[index * PIECE:][:size]
            self.send("PUT", path, sealed(key, 0, attachment, context, piece, purpose=3), query="count=%d" % len(chunks))
        there = self.send("GET", self.at("attachments/" + attachment.hex()))
        demand(there == {"count": len(chunks), "present": list(range(len(chunks)))}, "a chunk is withheld")
        self.put(attachment.hex(), cbor({1: 1, 2: "attachment", 3: name, 4: {"size": b"%d" % len(content), "file-key": key}}).hex())
        item = decode(self.open(bytes.fromhex(thing), self.chain.table[bytes.fromhex(thing)]))
        self.put(thing, cbor({**item, 19: item.get(19, []) + [attachment]}).hex())
        return attachment.hex()

    def file(self, attachment):
        """The bytes of an attachment."""
        attachment = bytes.fromhex(attachment)
        item = decode(self.open(attachment, self.chain.table[attachment]))
        demand(item[2] == "attachment", "no attachment")
        content, size = b"", int(item[4]["size"])
        for path, context, length in self.chunks(attachment, size):
            piece = open_envelope(item[4]["file-key"], 3, 0, attachment, context, self.send("GET", path))
            demand(len(piece) == length, "a chunk of another length")
            content += piece
        return content.hex()

    def change_password(self, password):
        """§8: an account change with a fresh proof; the Secret Key stays."""
        log, a, generation = copy.deepcopy(self.log), self.account, self.log.in_force[1] + 1
        kek, login = self.derive(password, generation, "P2")
        sealed_ak = sealed(kek, generation, a, concat("ak", a, generation, "password"), self.ak)
        body = {**{k: v for k, v in log.in_force.items() if k == 5}, 1: generation, 2: "P2", 3: p.ed_public(login),
                4: [{1: "password", 2: sealed_key_hash(sealed_ak)}, *(s for s in log.in_force[4] if s[1] == "recovery")]}
        entry = self.entry(log, 2, body)
        batch = labelled_hash("coffer/v1/batch", base64.b64decode(entry["entry"]), base64.b64decode(entry["signature"]))
        c = self.post("account/challenge")
        message = concat("coffer/v1/account-change", self.origin, a, self.device, c["nonce"], c["expires"], batch)
        proof = {"nonce": b64(c["nonce"]), "expires": c["expires"], "signature": b64(signature(self.login, "account-change", message))}
        self.post("account/change", entries=[entry], sealed_account_key=sealed_ak, lookup_tag=self.tag(), proof=proof)
        self.log, self.chain.log, self.kek, self.login = log, log, kek, login


def main():
    client = Client(sys.argv[1], [int(n) for n in sys.argv[2:5]])
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"ok": getattr(client, command.pop("do"))(**command)}
        except Refused as e:
            answer = {"refused": str(e)}
        except Answer as e:
            answer = {"error": str(e)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
