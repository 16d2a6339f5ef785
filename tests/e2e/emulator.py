"""moto's server with our overlay (tests/emulator), and accounts in it that see nothing of each other."""

import itertools
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

REGION = "us-west-2"
START_SECONDS = 60
SERVER = Path(__file__).resolve().parents[1] / "emulator" / "serve.py"


class Emulator:
    """A moto server on a free loopback port, for as long as the context lasts."""

    def __init__(self, folder):
        self.log = Path(folder) / "moto.log"
        self._accounts = itertools.count(111111111111)

    def __enter__(self):
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-B", SERVER, str(port)],
            env={**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL, stdout=self.log.open("wb"), stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"moto does not start:\n{self.log.read_text()}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=30)

    def _answers(self):
        try:
            with urllib.request.urlopen(f"{self.url}/moto-api/data.json", timeout=30):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def requests(self):
        """How many requests it has answered so far."""
        return len(re.findall(rb'" \d{3} -\s*$', self.log.read_bytes(), re.M))

    def faults(self):
        """The errors of the server itself, which are no answers of AWS."""
        return re.findall(r"^(?:Error on request:\n)?Traceback.*?^\w\S*: .*?$", self.log.read_text(), re.M | re.S)

    def new_account(self, **behaviours):
        """An account that no other test uses, in which AWS behaves as `tests/emulator/behaviours.py`
        lists, but for what is said here."""
        number = str(next(self._accounts))
        _put(f"{self.url}/overlay/{number}", behaviours)
        return Account(self.url, number)


class Account:
    """One AWS account: its clients, and the environment that leads a program into it."""

    def __init__(self, url, number):
        self.url = url
        self.number = number
        root = boto3.client(
            "sts", endpoint_url=url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )
        # moto puts a caller into the account of the role that it has assumed.
        keys = root.assume_role(RoleArn=f"arn:aws:iam::{number}:role/tests", RoleSessionName="tests")["Credentials"]
        self.environment = {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }
        self._session = boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
        )
        self._clients = {}

    def let_pass(self, seconds):
        """Sets the account's clock forward: what takes that long has happened."""
        _put(f"{self.url}/overlay/{self.number}/clock", seconds)

    def client(self, service):
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service, endpoint_url=self.url,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=60, parameter_validation=True),
            )
        return self._clients[service]


def _put(url, document):
    content, headers = json.dumps(document).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, content, headers, method="PUT"), timeout=30):
        pass


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
