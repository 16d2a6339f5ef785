"""What goes wrong between a caller and AWS, in AWS's own shapes.

A fault is a function of the service and of `forward`, which lets the request take effect and gives
its answer. It gives the answer that the caller gets; none, where the connection is cut instead. What
decides when a fault happens is told the action, too.
"""

import json
import os
import random
import threading
import time
from collections import Counter

# Of everything that happens by chance; `TRUEUP_SEED` makes it happen again.
SEED = os.environ.setdefault("TRUEUP_SEED", str(random.randrange(10**9)))

QUERY, JSON, REST = "query", "json", "rest"

PROTOCOLS = {
    "ec2": "ec2", "rds": QUERY, "iam": QUERY, "sts": QUERY, "logs": JSON, "ssm": JSON, "tagging": JSON,
    "secretsmanager": JSON, "lambda": REST,
}

# status and code by protocol
THROTTLED = {
    "ec2": (503, "RequestLimitExceeded"), QUERY: (400, "Throttling"), JSON: (400, "ThrottlingException"),
    REST: (429, "TooManyRequestsException"),
}
FAILED = {
    "ec2": (500, "InternalError"), QUERY: (500, "InternalFailure"), JSON: (500, "InternalServerError"),
    REST: (500, "ServiceException"),
}
UNAVAILABLE = {
    "ec2": (503, "Unavailable"), QUERY: (503, "ServiceUnavailable"), JSON: (503, "ServiceUnavailableException"),
    REST: (503, "ServiceUnavailableException"),
}


def error(service, codes, message):
    """An error as the service writes it: status, headers, content."""
    protocol = PROTOCOLS[service]
    status, code = codes[protocol]
    if protocol in (JSON, REST):
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", "fault-1")]
        headers += [("x-amzn-ErrorType", code)] if protocol == REST else []
        return status, headers, json.dumps({"__type": code, "message": message}).encode()
    inner = f"<Code>{code}</Code><Message>{message}</Message>"
    if protocol == "ec2":
        text = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>fault-1</RequestID></Response>"
    else:
        text = f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>fault-1</RequestId></ErrorResponse>"
    return status, [("Content-Type", "text/xml")], text.encode()


def slow(service, forward):
    time.sleep(0.5)
    return forward()


def throttled(service, forward):
    return error(service, THROTTLED, "Rate exceeded")


def failed_before(service, forward):
    return error(service, FAILED, "An internal error has occurred")


def failed_after(service, forward):
    forward()
    return failed_before(service, forward)


def unavailable(service, forward):
    return error(service, UNAVAILABLE, "The service is unavailable. Please try again shortly.")


def cut_before(service, forward):
    return None


def cut_after(service, forward):
    forward()
    return None


class Sometimes:
    """Lets a fault happen to that share of the requests. Which ones the seed decides, the action, and
    how often it was asked before: not the order in which different actions come."""

    def __init__(self, fault, share, seed):
        self._fault = fault
        self._share = share
        self._seed = seed
        self._asked = Counter()
        self._lock = threading.Lock()
        self.happened = 0

    def __call__(self, service, action, forward):
        with self._lock:
            self._asked[service, action] += 1
            which = f"{self._seed} {service} {action} {self._asked[service, action]}"
            happens = random.Random(which).random() < self._share
            self.happened += happens
        return self._fault(service, forward) if happens else forward()


class Kill:
    """Kills a process at its n-th request: before it takes effect, before its answer, or just after."""

    MOMENTS = ("before it takes effect", "before its answer", "after its answer")

    def __init__(self, at, moment, delay=0.0):
        self._at = at
        self._moment = moment
        self._delay = delay
        self._requests = 0
        self._lock = threading.Lock()
        self.process = None

    def __call__(self, service, action, forward):
        with self._lock:
            self._requests += 1
            mine = self._requests == self._at
        if not mine:
            return forward()  # what a process had sent before it died takes effect all the same
        if self._moment == "before it takes effect":
            self.process.kill()
            return None
        answer = forward()
        if self._moment == "before its answer":
            self.process.kill()
            return None
        threading.Timer(self._delay, self.process.kill).start()
        return answer
