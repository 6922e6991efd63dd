#!/usr/bin/env python3
"""A small foreign agent, written from docs/agent-protocol.md alone.

Python 3 and the package `cryptography` (Debian: python3-cryptography). It enrols with the pin of the
code, asks the time, sends JSON batches, checks every receipt and prints it as a JSON line. With a state
file that exists it goes on where it stopped. `--resend` sends every batch a second time.
"""
import argparse, base64, hashlib, http.client, json, os, ssl, struct, sys, time, urllib.parse, uuid

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RAW = (Encoding.Raw, PublicFormat.Raw)


def sha256(data):
    return hashlib.sha256(data).digest()


def boottime_ms():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def connect(url, pin):
    """TLS 1.3; the listener is known by the Ed25519 key of its certificate and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPSConnection(address.hostname, address.port, timeout=30, context=context)
    connection.connect()
    certificate = x509.load_der_x509_certificate(connection.sock.getpeercert(binary_form=True))
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey) or sha256(key.public_bytes(*RAW)) != pin:
        sys.exit("the collector's key is not the one of the code")
    return connection


def ask(connection, method, path, body=None, headers=None):
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read() or b"null")


def enrol(args):
    code = "".join(c for c in args.code.upper() if c.isalnum())
    raw = base64.b32decode(code + "=" * (-len(code) % 8))
    secret, pin = raw[:16], raw[16:]
    seed = os.urandom(32)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes(*RAW)
    proof = key.sign(b"desserte-enrol-v1\0" + sha256(secret) + public)
    request = {"version": 1, "secret": secret.hex(), "public_key": public.hex(),
               "software": "python-agent/1", "proof": proof.hex()}
    status, answer = ask(connect(args.collector, pin), "POST", "/api/v1/agents/enrol",
                         json.dumps(request), {"Content-Type": "application/json"})
    if status != 201:
        sys.exit(f"enrol: {status} {answer}")
    if sha256(bytes.fromhex(answer["collector_key"])) != pin:
        sys.exit("enrol: the answer's key is not the one of the code")
    return {"seed": seed.hex(), "enrolment": answer, "sequence": 0,
            "previous": "00" * 32}


def ask_time(connection, collector_key):
    nonce = os.urandom(16)
    sent = boottime_ms()
    status, answer = ask(connection, "GET", f"/api/v1/time?nonce={nonce.hex()}")
    received = boottime_ms()
    assert status == 200, (status, answer)
    collector_key.verify(bytes.fromhex(answer["signature"]), b"desserte-time-v1\0" + nonce
                         + struct.pack(">qq", answer["received_unix_ms"], answer["sent_unix_ms"]))
    return {"sent_boottime_ms": sent, "received_boottime_ms": received,
            "collector_received_unix_ms": answer["received_unix_ms"],
            "collector_sent_unix_ms": answer["sent_unix_ms"]}


def report(state, boot, exchange, rtt_us):
    """One minute entry with one sample of the schedule's first target (or of `example`)."""
    now = boottime_ms()
    targets = state["enrolment"]["schedule"]["targets"]
    target = targets[0] if targets else {"id": "example", "slot_seconds": 60, "measure": {"icmp": {}}}
    sample = {"target": 0, "line": None, "start_boottime_ms": now - 20, "outcome": "ok", "sent": 3,
              "received": 3, "rtt_us_min": rtt_us, "rtt_us_median": rtt_us + 40,
              "rtt_us_max": rtt_us + 90, "rtt_us_mean_successive_difference": 45, "coarse": True,
              "detail": None}
    minute = {"samples": [sample], "evidence": [
        {"boottime_ms": now, "fact": {"collector": {"attempts": 1, "answered": 1}}}]}
    return {"version": 1, "agent": state["enrolment"]["agent"], "boot": boot,
            "software": "python-agent/1", "profile": "full", "sealed_boottime_ms": now,
            "sealed_wall_unix_ms": int(time.time() * 1000), "time_exchanges": [exchange],
            "targets": [{"id": target["id"], "kind": next(iter(target["measure"])),
                         "slot_seconds": target["slot_seconds"]}],
            "lines": [], "entries": [{"sequence": state["sequence"] + 1, "written_boottime_ms": now,
                                      "content": {"minute": minute}}]}


def send(connection, state, key, collector_key):
    """Sends what was sealed, byte for byte, and returns its name once the receipt is checked."""
    sealed = state["sealed"]
    boot, sequence, body = sealed["boot"], sealed["sequence"], sealed["body"].encode()
    agent = uuid.UUID(state["enrolment"]["agent"])
    signed = (b"desserte-batch-v1\0" + agent.bytes + uuid.UUID(boot).bytes
              + struct.pack(">QQ", sequence, sequence) + bytes.fromhex(state["previous"]) + sha256(body))
    status, receipt = ask(connection, "POST", "/api/v1/batches", body, {
        "Content-Type": "application/json", "Desserte-Agent": str(agent), "Desserte-Boot": boot,
        "Desserte-Sequence": f"{sequence}-{sequence}", "Desserte-Previous": state["previous"],
        "Desserte-Signature": key.sign(signed).hex()})
    if status != 200:
        sys.exit(f"batch: {status} {receipt}")
    assert receipt["batch_hash"] == sha256(signed).hex(), "a receipt for another batch"
    numbers = [receipt[name] for name in
               ("journal_position", "accepted_unix_ms", "received_unix_ms", "sent_unix_ms")]
    collector_key.verify(bytes.fromhex(receipt["signature"]), b"desserte-receipt-v1\0" + agent.bytes
                         + sha256(signed) + struct.pack(">Qqqq", *numbers))
    print(json.dumps(receipt), flush=True)
    return receipt["batch_hash"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--collector", required=True)
    parser.add_argument("--code", help="needed when the state file is not there yet")
    parser.add_argument("--state", required=True)
    parser.add_argument("--batches", type=int, default=1)
    parser.add_argument("--resend", action="store_true")
    args = parser.parse_args()
    if os.path.exists(args.state):
        with open(args.state, encoding="utf-8") as file:
            state = json.load(file)
    else:
        state = enrol(args)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(state["seed"]))
    raw_key = bytes.fromhex(state["enrolment"]["collector_key"])
    collector_key = Ed25519PublicKey.from_public_bytes(raw_key)
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot = file.read().strip()
    connection = connect(args.collector, sha256(raw_key))
    exchange = ask_time(connection, collector_key)
    for number in range(args.batches):
        if not state.get("sealed"):
            body = json.dumps(report(state, boot, exchange, 1000 + number))
            state["sealed"] = {"boot": boot, "sequence": state["sequence"] + 1, "body": body}
            save(args.state, state)  # before it is sent: a lost receipt must find the same bytes
        batch_hash = send(connection, state, key, collector_key)
        if args.resend:
            send(connection, state, key, collector_key)
        state["sequence"], state["previous"] = state["sealed"]["sequence"], batch_hash
        state["sealed"] = None
        save(args.state, state)


def save(path, state):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


if __name__ == "__main__":
    main()
