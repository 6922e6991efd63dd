"""The referee of `make bench-agent`.

run.py --ours PROGRAM --output FILE [--collector DESSERTE --probe DESSERTE_PROBE] [--blackbox PROGRAM]
       [--packets N] [--rounds N] [--minutes N]

Round-trip times are compared with the wire: every echo request and reply on the loopback interface is
stamped by the kernel (packet(7), SO_TIMESTAMPNS), each tool measures an address of its own, and the
n-th figure of a tool is held against the n-th exchange of its address. The machine is kept busy by
twice as many endless loops as it has processors. Python's standard library only; needs root, and a network
namespace without other programs: `unshare --net`.
"""

import argparse
import json
import os
import re
import resource
import signal
import socket
import ssl
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
ETH_P_IP = 0x0800
OURS, PING, FPING, BLACKBOX = (f"127.0.{n}.1" for n in (21, 22, 23, 24))
GAP_MS = 20
HEAD_BYTES = 40  # IPv4 and TCP heads of a segment without options
MONTH_SECONDS = 30 * 86_400


class Wire(threading.Thread):
    """Kernel stamps of echo requests and replies on `lo`, by the address that answers."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self.socket.bind(("lo", ETH_P_IP))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.requests, self.exchanges = {}, {}

    def run(self):
        while True:
            packet, ancillary, _, address = self.socket.recvmsg(96, 64)
            # On loopback a packet is seen twice: as it leaves (4, PACKET_OUTGOING) and as it comes.
            if len(packet) < 28 or packet[9] != 1 or address[2] == 4 or not ancillary:
                continue
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
            stamp = seconds * 1_000_000_000 + nanoseconds
            kind, key = packet[20], packet[24:28]
            if kind == 8:
                host = socket.inet_ntoa(packet[16:20])
                self.exchanges.setdefault(host, []).append([stamp, None])
                self.requests[(host, key)] = len(self.exchanges[host]) - 1
            elif kind == 0:
                host = socket.inet_ntoa(packet[12:16])
                index = self.requests.pop((host, key), None)
                if index is not None:
                    self.exchanges[host][index][1] = stamp

    def take(self, host):
        time.sleep(0.3)
        found = self.exchanges.pop(host, [])
        return [None if end is None else (end - start) / 1_000 for start, end in found]


class Busy:
    def __enter__(self):
        self.loops = [
            subprocess.Popen([sys.executable, "-c", "while True: pass"])
            for _ in range(2 * (os.cpu_count() or 1))
        ]

    def __exit__(self, *_):
        for loop in self.loops:
            loop.kill()
            loop.wait()


def quantiles(values):
    ordered = sorted(values)
    rank = lambda share: ordered[max(0, -(-len(ordered) * share // 100) - 1)]
    return rank(50), rank(99)


def run(command):
    """Output and processor seconds of a command."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return output, used.ru_utime + used.ru_stime


def errors(name, said, wire):
    """Absolute differences, microseconds, of what a tool said from what the wire saw."""
    pairs = [(ours, true) for ours, true in zip(said, wire) if ours is not None and true is not None]
    if len(said) != len(wire) or not pairs:
        raise SystemExit(f"{name}: {len(said)} figures for {len(wire)} exchanges on the wire")
    lost = sum(1 for value in said if value is None)
    return [abs(ours - true) for ours, true in pairs], lost


def ours_icmp(program, count):
    output, cpu = run([program, "icmp", OURS, str(count), str(GAP_MS)])
    rows = [line.split() for line in output.splitlines()]
    coarse = sum(1 for _, coarse in rows if coarse == "1")
    return [None if rtt == "-" else float(rtt) for rtt, _ in rows], cpu, coarse


def ping(count):
    output, cpu = run(["ping", "-n", "-c", str(count), "-i", str(GAP_MS / 1_000), PING])
    return [float(ms) * 1_000 for ms in re.findall(r"time=([\d.]+) ms", output)], cpu


def fping(count):
    output, cpu = run(["fping", "-c", str(count), "-p", str(GAP_MS), FPING])
    return [float(ms) * 1_000 for ms in re.findall(r"bytes, ([\d.]+) ms", output)], cpu


class Blackbox:
    """blackbox_exporter on loopback, asked as Prometheus would."""

    def __init__(self, program, folder):
        config = os.path.join(folder, "blackbox.yml")
        with open(config, "w") as file:
            file.write(
                "modules:\n"
                "  icmp: {prober: icmp, timeout: 2s, icmp: {preferred_ip_protocol: ip4}}\n"
                "  https: {prober: http, timeout: 2s, http: {tls_config: {insecure_skip_verify: true}, preferred_ip_protocol: ip4}}\n"
            )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [program, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/healthy", timeout=1).read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("blackbox_exporter does not start")

    def probe(self, module, target):
        url = f"http://127.0.0.1:{self.port}/probe?module={module}&target={target}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return dict(re.findall(r"^(probe_\w+(?:\{[^}]*\})?) (\S+)$", answer.read().decode(), re.M))

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self):
        return peak_mb(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def peak_mb(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) / 1_000


class Relay(threading.Thread):
    """Carries the agent's connections to the collector and counts their bytes both ways."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.target, self.bytes, self.marks, self.lock = port, 0, [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", self.target))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    def carry(self, source, sink):
        while True:
            try:
                data = source.recv(65_536)
            except OSError:
                data = b""
            if not data:
                break
            with self.lock:
                # As many segments as a line with 1,460 bytes of payload needs, each with its answer.
                self.bytes += len(data) + 2 * HEAD_BYTES * -(-len(data) // 1_460)
            try:
                sink.sendall(data)
            except OSError:
                break
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Agent:
    """The real agent and the real collector, five targets a minute over a counted line."""

    def __init__(self, options, folder, url):
        data, box = (os.path.join(folder, name) for name in ("collector", "agent"))
        desserte, probe = options.collector, options.probe
        sites, targets = (os.path.join(folder, name) for name in ("sites.csv", "targets.toml"))
        with open(sites, "w") as file:
            file.write("id,name,latitude,longitude,kind\nbench,Bench,-4.27,15.28,school\n")
        with open(targets, "w") as file:
            for number in range(4):
                file.write(
                    f'[[target]]\nid = "t{number}"\nmeasure = {{ icmp = {{ host = "127.0.31.{number + 1}", '
                    "packets = 5, payload_bytes = 16, timeout_ms = 2000 } }\n"
                )
            file.write(
                f'[[target]]\nid = "page"\nmeasure = {{ http = {{ url = "{url}", status_from = 200, status_to = 299, '
                "timeout_ms = 5000, body_bytes_max = 65536 } }\n"
                '[[measure]]\nsites = ["bench"]\ntargets = ['
                + ", ".join(f'{{ target = "{t}", slot_seconds = 60 }}' for t in ("t0", "t1", "t2", "t3", "page"))
                + "]\n"
            )
        for words in (
            ["import", "sites", sites, "--data", data, "--apply"],
            ["targets", "apply", targets, "--data", data],
        ):
            done = subprocess.run([desserte, *words], capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"desserte {' '.join(words)}: {done.stderr}{done.stdout}")
        self.collector = subprocess.Popen(
            [desserte, "serve", "--data", data, "--agents", "127.0.0.1:0", "--web", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        bound = json.loads(self.collector.stdout.readline())
        self.relay = Relay(int(bound["agents"].rsplit(":", 1)[1]))
        self.relay.start()
        code = json.loads(
            subprocess.check_output([desserte, "agents", "code", "--site", "bench", "--data", data, "--format", "json"])
        )
        subprocess.check_output(
            [probe, "enrol", "--collector", f"https://127.0.0.1:{self.relay.port}", "--code", code["code"], "--data", box]
        )
        with open(os.path.join(box, "agent.toml"), "w") as settings:
            settings.write('local_networks = ["127.0.0.0/8"]\n')
        self.process = subprocess.Popen([probe, "run", "--data", box], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.began, self.before = time.monotonic(), None

    def settled(self):
        """Time and bytes after the start's own exchanges."""
        self.before = (time.monotonic(), self.relay.bytes)

    def month_mb(self):
        seconds, sent = time.monotonic() - self.before[0], self.relay.bytes - self.before[1]
        return sent * MONTH_SECONDS / seconds / 1_000_000

    def stop(self):
        for process in (self.process, self.collector):
            process.send_signal(signal.SIGTERM)
            process.wait()


class Page:
    """An HTTPS server with a certificate of its own: no connection is kept."""

    def __init__(self, folder):
        key, certificate = (os.path.join(folder, name) for name in ("key.pem", "certificate.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self.serve, args=(context,), daemon=True).start()

    def serve(self, context):
        while True:
            plain, _ = self.listener.accept()
            threading.Thread(target=self.answer, args=(context, plain), daemon=True).start()

    @staticmethod
    def answer(context, plain):
        try:
            with context.wrap_socket(plain, server_side=True) as secure:
                secure.recv(4_096)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
        except OSError:
            pass


class Report:
    def __init__(self):
        with open("/proc/cpuinfo") as file:
            model = re.search(r"model name\s*: (.*)", file.read())
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
        self.cpu = f"{model.group(1) if model else 'unknown'}, {os.cpu_count()} cores, {memory} GiB"
        self.rows = []
        print(f"{'figure':<58} {'ours':>10} {'peer':>22} {'goal':>8}  unit", flush=True)

    def row(self, figure, unit, ours, goal, *peers):
        for name, value in peers or ((None, None),):
            self.rows.append({
                "figure": figure, "unit": unit, "ours": round(ours, 3), "peer": name,
                "peer_value": None if value is None else round(value, 3), "goal": goal,
                "cpu": self.cpu, "date": time.strftime("%Y-%m-%d", time.gmtime()),
            })
            beside = "" if name is None else f"{name} {value:.1f}"
            print(f"{figure:<58} {ours:>10.1f} {beside:>22} {goal or '':>8}  {unit}", flush=True)

    def write(self, path):
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path, "w") as file:
            json.dump(self.rows, file, indent=2)
        print(f"written: {path}")


def accuracy(options, report, blackbox):
    wire = Wire()
    wire.start()
    tools = {"ours": (OURS, lambda: ours_icmp(options.ours, options.packets)[0]), "ping": (PING, lambda: ping(options.packets)[0]),
             "fping": (FPING, lambda: fping(options.packets)[0])}
    if blackbox:
        rtt = 'probe_icmp_duration_seconds{phase="rtt"}'
        tools["blackbox_exporter"] = (
            BLACKBOX, lambda: [float(blackbox.probe("icmp", BLACKBOX)[rtt]) * 1e6 for _ in range(options.packets)])
    found, lost = {name: [] for name in tools}, {name: 0 for name in tools}
    with Busy():
        # In turns, so that what else the machine does meets all of them.
        for _ in range(5):
            for name, (host, measure) in tools.items():
                wire.take(host)
                differences, missing = errors(name, measure(), wire.take(host))
                found[name].append(quantiles(differences))
                lost[name] += missing
    for position, figure, goal in ((0, "median", "≤ 40"), (1, "99th percentile", "≤ 100")):
        middle = {name: statistics.median(run[position] for run in runs) for name, runs in found.items()}
        ours = middle.pop("ours")
        report.row(f"error of the round-trip time on a busy box, {figure}", "µs", ours, goal, *middle.items())
    return lost


def allow_ping_sockets(allowed):
    with open("/proc/sys/net/ipv4/ping_group_range", "w") as file:
        file.write("0 2147483647" if allowed else "1 0")


def ours_fleet(options):
    output, cpu = run([options.ours, "fleet", "1000", str(options.rounds)])
    return (*(int(word) for word in output.split()), cpu)


def fleet(options, report):
    hosts = [f"127.1.{(n + 1) >> 8}.{(n + 1) & 255}" for n in range(1_000)]
    with Busy():
        sent, received, cpu = ours_fleet(options)
        allow_ping_sockets(False)
        sent_raw, received_raw, cpu_raw = ours_fleet(options)
        allow_ping_sockets(True)
        peer, peer_cpu = run(["fping", "-q", "-c", str(options.rounds), "-p", "1000", "-i", "1", *hosts])
    counts = [tuple(map(int, pair)) for pair in re.findall(r"xmt/rcv/%loss = (\d+)/(\d+)/", peer)]
    report.row(f"answers missed, 1,000 targets at 1 Hz, busy, of {sent}", "packets", sent - received, "0",
               ("fping", sum(x - r for x, r in counts)))
    report.row("processor time of an ICMP probe", "µs", cpu / sent * 1e6, "≤ 50",
               ("fping", peer_cpu / max(1, sum(x for x, _ in counts)) * 1e6))
    report.row(f"the same over raw sockets, of {sent_raw}", "packets", sent_raw - received_raw, "0")
    report.row("the same over raw sockets, processor time", "µs", cpu_raw / sent_raw * 1e6, "≤ 50")


def pages(options, report, blackbox, url):
    count = 500
    output, cpu = run([options.ours, "https", url, str(count)])
    if int(output) != count:
        raise SystemExit(f"{count - int(output)} of {count} requests had no answer")
    peers = []
    if blackbox:
        before = blackbox.cpu()
        answered = sum(blackbox.probe("https", url)["probe_success"] == "1" for _ in range(count))
        if answered != count:
            raise SystemExit(f"blackbox_exporter: {count - answered} of {count} requests had no answer")
        peers.append(("blackbox_exporter", (blackbox.cpu() - before) / count * 1e6))
    report.row("processor time of an HTTPS probe", "µs", cpu / count * 1e6, "≤ 700", *peers)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--ours", "--output", "--collector", "--probe", "--blackbox"):
        parser.add_argument(name)
    parser.add_argument("--packets", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--minutes", type=int, default=15)
    options = parser.parse_args()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    allow_ping_sockets(True)
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        page = Page(folder)
        agent = Agent(options, folder, page.url) if options.collector and options.probe else None
        blackbox = Blackbox(options.blackbox, folder) if options.blackbox else None
        if not blackbox:
            print("blackbox_exporter is not here: its figures are left out")
        try:
            pages(options, report, blackbox, page.url)
            lost = accuracy(options, report, blackbox)
            fleet(options, report)
            print("lost while accuracy was measured:", ", ".join(f"{name} {n}" for name, n in lost.items()))
            if agent:
                # The first exchanges are over, the connection stands: from here every hour is like this.
                time.sleep(max(0, 400 - (time.monotonic() - agent.began)))
                agent.settled()
                time.sleep(options.minutes * 60)
                memory = peak_mb(agent.process.pid)
                peers = [("blackbox_exporter", blackbox.memory_mb())] if blackbox else []
                report.row("memory of the agent, peak resident", "MB", memory, "≤ 12", *peers)
                report.row("what reporting costs, 5 targets a minute", "MB a month", agent.month_mb(), "≤ 4")
        finally:
            for one in (agent, blackbox):
                if one:
                    one.stop()
    report.write(options.output)


main()
