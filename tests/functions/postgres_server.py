"""A PostgreSQL server in a temporary folder that, like RDS, lets nobody in without TLS and a password."""

import contextlib
import datetime
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER = "snowex_admin"
PASSWORD = "first-Pa55word/with:odd@characters"
DATABASE = "snowex"


def find_binaries():
    """The folder with initdb and postgres, the newest if there are several."""
    on_path = shutil.which("initdb")
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    found = [Path(on_path).resolve().parent] if on_path else []
    found += [path.parent for path in reversed(packaged)]
    return next((folder for folder in found if (folder / "postgres").exists()), None)


@dataclass
class Server:
    binaries: Path
    folder: Path
    port: int
    ca_file: Path

    def psql(self, sql, database=DATABASE):
        """Runs SQL as the superuser, over the local socket."""
        done = subprocess.run(
            [self.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-At", "-h", self.folder,
             "-p", str(self.port), "-U", "postgres", "-d", database],
            input=sql, capture_output=True, text=True, timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@contextlib.contextmanager
def run(binaries):
    with tempfile.TemporaryDirectory(prefix="trueup-postgres-") as name:
        folder = Path(name)
        owner = _unprivileged_user()
        ca_file = _certificates(folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if owner:
            for path in [folder, *folder.iterdir()]:
                shutil.chown(path, owner)
        # As another user, an inherited working folder may not be readable.
        as_owner = {"user": owner, "cwd": folder} if owner else {"cwd": folder}
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True, capture_output=True, timeout=120, **as_owner,
        )
        (data / "pg_hba.conf").write_text(
            "local all postgres trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n"
        )
        port = _free_port()
        log = (folder / "server.log").open("wb")
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-p", str(port), "-k", folder, "-c", "listen_addresses=localhost",
             "-c", "ssl=on", "-c", f"ssl_cert_file={folder}/server.pem", "-c", f"ssl_key_file={folder}/server.key",
             "-c", "password_encryption=scram-sha-256", "-c", "fsync=off", "-c", "max_connections=20"],
            stdout=log, stderr=subprocess.STDOUT, **as_owner,
        )
        try:
            server = Server(binaries, folder, port, ca_file)
            _wait(server, process)
            server.psql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'; CREATE DATABASE {DATABASE} OWNER {USER}", "postgres")
            yield server
        finally:
            process.terminate()
            process.wait(timeout=30)
            log.close()


def _unprivileged_user():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise RuntimeError("running as root, and there is neither a user postgres nor nobody to run the server as")


def _wait(server, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, (server.folder / "server.log").read_text()
        ready = subprocess.run(
            [server.binaries / "pg_isready", "-q", "-h", server.folder, "-p", str(server.port)], timeout=10
        )
        if ready.returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError("the server did not start:\n" + (server.folder / "server.log").read_text())


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _certificates(folder):
    """A root and a certificate of the server for `localhost`; returns the root's file."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = certificate("Test Root", root_key, "Test Root", root_key, authority=True)
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = certificate("localhost", server_key, "Test Root", root_key, authority=False)
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "server.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    key = folder / "server.key"
    key.touch(mode=0o600)
    key.write_bytes(server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))
    return folder / "root.pem"


def certificate(name, key, issuer, issuer_key, authority):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if authority:
        builder = builder.add_extension(
            x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True
        )
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
