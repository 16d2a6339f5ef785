"""Runs the program against an emulator and prints calls, seconds and memory."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import terraform

HERE = Path(__file__).resolve().parent
STACKS = HERE.parent.parent / "stacks"
DELAY = 0.1


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def emulator():
    """A moto server on a free port of this machine, and how to stop it."""
    port = free_port()
    server = Path(sys.executable).parent / "moto_server"
    environment = dict(os.environ, MOTO_IAM_LOAD_MANAGED_POLICIES="true")
    process = subprocess.Popen(
        [server, "-H", "127.0.0.1", "-p", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(150):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/").close()
            return port, process
        except OSError:
            time.sleep(0.2)
    sys.exit("bench: the emulator did not start")


class Recorded(BaseHTTPRequestHandler):
    """Answers a repeated read with the recorded answer, a fixed time after it was asked.

    The emulator itself takes 5 to 20 ms of one processor for a call, which would be measured
    instead of the program. So a first run records its answers, and the measured run gets them back
    after the delay of a real API call.
    """

    protocol_version = "HTTP/1.1"
    answers, upstream, calls, replay = {}, 0, 0, False
    lock = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = (self.path, self.headers.get("X-Amz-Target"), body)
        with Recorded.lock:
            Recorded.calls += 1
        begun = time.monotonic()
        answer = Recorded.answers.get(key) if Recorded.replay else None
        if answer is None:
            answer = self.forward(body)
            Recorded.answers[key] = answer
        time.sleep(max(0.0, DELAY - (time.monotonic() - begun)))
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_DELETE = do_POST

    def forward(self, body):
        upstream = http.client.HTTPConnection("127.0.0.1", Recorded.upstream)
        headers = {name: value for name, value in self.headers.items() if name != "Connection"}
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        kept = ("content-type", "x-amzn-requestid", "x-amzn-errortype")
        headers = [(n, v) for n, v in answer.getheaders() if n.lower() in kept]
        return answer.status, headers, answer.read()

    def log_message(self, *_):
        pass


class Proxy(ThreadingHTTPServer):
    """All of a plan's connections come at once; one that is turned away tries again a second later."""

    request_queue_size = 128


def run(program, *arguments, port):
    """Seconds, peak memory in MB and the exit code of one run."""
    environment = dict(
        os.environ,
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_REGION="us-west-2",
        AWS_EC2_METADATA_DISABLED="true",
    )
    begun = time.monotonic()
    process = subprocess.Popen([program, *map(str, arguments)], env=environment, stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begun
    return seconds, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), output


def median(values):
    return sorted(values)[len(values) // 2]


def compare(title, describe, emulator_port, proxy_port, apply_too):
    """The same with Terraform, for comparison."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        terraform.prepare(folder, describe)
        # Where only the plan is measured, the emulator is not hurried: of a create whose answer comes
        # too late Terraform makes a second one, and fails.
        gently = [] if apply_too else ["-parallelism=3"]
        seconds, memory, code, output = terraform.run(
            folder, "apply", "-auto-approve", *gently, port=emulator_port
        )
        if code:
            print(f"Terraform cannot apply {title} to this emulator:\n{output.decode()[-2000:]}")
            return
        if apply_too:
            print(f"Terraform: apply, emulator without delay: {seconds:.1f} s, {memory:.0f} MB")
        Recorded.answers, Recorded.replay = {}, False
        terraform.run(folder, "plan", port=proxy_port)
        Recorded.replay, Recorded.calls = True, 0
        seconds, memory, code, _ = terraform.run(folder, "plan", "-detailed-exitcode", port=proxy_port)
        found = {0: "no changes", 2: "changes: the emulator reports some attribute otherwise"}.get(code, f"exit code {code}")
        print(
            f"Terraform: no-op plan, {DELAY * 1000:.0f} ms a call: {seconds:.1f} s, {memory:.0f} MB, "
            f"{Recorded.calls} calls, {found}"
        )
        if apply_too:
            seconds, memory, code, _ = terraform.run(folder, "destroy", "-auto-approve", port=emulator_port)
            print(f"Terraform: destroy, emulator without delay: {seconds:.1f} s, {memory:.0f} MB, exit code {code}")


def measure(program, title, stack, emulator_port, proxy_port, apply_too):
    print(f"\n-- {title}")
    for name, arguments in [("apply", ["apply", stack, "--yes"])]:
        seconds, memory, code, output = run(program, *arguments, port=emulator_port)
        if code:
            sys.exit(f"bench: {name} failed with {code}\n{output.decode()}")
        if apply_too:
            print(f"{name}, emulator without delay: {seconds:.2f} s, {memory:.0f} MB")
    Recorded.answers, Recorded.replay = {}, False
    run(program, "plan", stack, port=proxy_port)
    Recorded.replay = True
    figures = []
    for _ in range(5):
        Recorded.calls = 0
        seconds, memory, code, output = run(program, "plan", stack, "--json", port=proxy_port)
        figures.append((seconds, memory, Recorded.calls))
    plan = json.loads(output)
    steps = len(plan["steps"])
    seconds, memory = median([f[0] for f in figures]), median([f[1] for f in figures])
    print(
        f"no-op plan, {DELAY * 1000:.0f} ms a call: {seconds:.2f} s, {memory:.0f} MB, "
        f"{figures[-1][2]} calls (the plan says {plan['api_calls']}), {steps} steps"
    )
    if apply_too:
        seconds, memory, code, output = run(
            program, "destroy", stack, "--yes", "--allow-data-loss", "db_instance.main", port=emulator_port
        )
        print(f"destroy, emulator without delay: {seconds:.2f} s, {memory:.0f} MB, exit code {code}")


def main():
    program = sys.argv[1]
    size = os.path.getsize(program) / 1e6
    print(f"binary: {size:.1f} MB")
    begun = time.monotonic()
    for _ in range(20):
        subprocess.run([program, "--version"], stdout=subprocess.DEVNULL, check=True)
    print(f"--version: {(time.monotonic() - begun) / 20 * 1000:.1f} ms")
    begun = time.monotonic()
    for _ in range(20):
        subprocess.run([program, "validate", STACKS / "snowex.yaml"], stdout=subprocess.DEVNULL, check=True)
    print(f"validate snowex: {(time.monotonic() - begun) / 20 * 1000:.1f} ms")
    port, process = emulator()
    proxy = Proxy(("127.0.0.1", 0), Recorded)
    Recorded.upstream = port
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(STACKS, folder, dirs_exist_ok=True)
            measure(program, "snowex", Path(folder, "snowex.yaml"), port, proxy.server_port, True)
            wide = Path(folder, "wide.yaml")
            with wide.open("w") as file:
                subprocess.run([sys.executable, HERE / "generate.py"], stdout=file, check=True)
            measure(program, "1,000 resources", wide, port, proxy.server_port, False)
    finally:
        process.terminate()
    beside_terraform(proxy)


def beside_terraform(proxy):
    """Terraform gets an emulator of its own: what trueup made would be in its way."""
    with tempfile.TemporaryDirectory() as folder:
        if not terraform.is_installed(Path(folder)):
            print("\nTerraform with its provider for AWS is not installed: nothing to compare with")
            return
    port, process = emulator()
    Recorded.upstream = port
    try:
        print("\n-- Terraform beside it")
        compare("snowex", terraform.snowex, port, proxy.server_port, True)
        compare("1,000 resources", terraform.wide, port, proxy.server_port, False)
    finally:
        process.terminate()


if __name__ == "__main__":
    main()
