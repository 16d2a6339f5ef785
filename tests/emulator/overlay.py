"""How what AWS does and moto does not is put around moto's own handling of each call."""

import heapq
import itertools
import json
import re
import threading
import time
import traceback
from datetime import timedelta
from urllib.parse import unquote

from moto.backends import get_backend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores

SERVICES = {"awslambda": "lambda", "resourcegroupstaggingapi": "tagging"}


class Refusal(ServiceException):
    """An error in AWS's own code and words; moto writes it in the service's protocol."""

    def __init__(self, code, message, status=None):
        super().__init__(code, message)
        self.status = status


class Behaviour:
    """Something that AWS does, for one account. `setting` is what switched it on.

    A method that is named after an API action is asked for the answers to that action.
    """

    def __init__(self, account, setting):
        self.account = account
        self.setting = setting

    def around(self, call, go_on):
        """The answer to a call; `go_on` asks the behaviours further in, and in the end moto."""
        handle = getattr(self, call.action, None)
        return handle(call, go_on) if handle else go_on()


class Account:
    """The behaviours of one account, and what will happen in it by itself."""

    def __init__(self, number, behaviours, settings):
        self.number = number
        self._ahead = 0.0
        self._due = []
        self._order = itertools.count()
        self.behaviours = {
            kind: kind(self, settings[name])
            for name, kind in behaviours.items() if settings.get(name) is not None and settings[name] is not False
        }

    def get(self, kind):
        return self.behaviours.get(kind)

    def now(self):
        """Seconds on the account's own clock."""
        return time.monotonic() + self._ahead

    def let_pass(self, seconds):
        """Sets the clock forward, so that nobody has to wait. Leases are older then."""
        self._ahead += seconds
        parameters = [backend._parameters for backend in get_backend("ssm")[self.number].values()]
        leases = [versions for all in parameters for name, versions in all.items() if name.startswith("/trueup/")]
        for version in itertools.chain.from_iterable(leases):
            version.last_modified_date -= timedelta(seconds=seconds)

    def later(self, seconds, effect):
        """Lets `effect` happen when that many seconds have passed, just before the next call."""
        heapq.heappush(self._due, (self.now() + seconds, next(self._order), effect))

    def catch_up(self):
        while self._due and self._due[0][0] <= self.now():
            heapq.heappop(self._due)[2]()

    def answer(self, call, innermost):
        self.catch_up()
        go_on = innermost
        for behaviour in reversed(self.behaviours.values()):
            go_on = _step(behaviour, call, go_on)
        return go_on()


def _step(behaviour, call, go_on):
    return lambda: behaviour.around(call, go_on)


class Call:
    """One call, as behaviours see it."""

    def __init__(self, response):
        self.response = response
        self.service = SERVICES.get(response.service_name, response.service_name)
        self.action = response._get_action()
        self.region = response.region
        self._body = None

    @property
    def is_read(self):
        return self.action.startswith(("Describe", "Get", "List"))

    @property
    def params(self):
        if self.response.automated_parameter_parsing:
            return self.response.params
        if self._body is None:
            try:
                self._body = json.loads(self.response.body or "{}")
            except ValueError:
                self._body = {}
        return self._body

    @property
    def function(self):
        """The name of the function that a call to Lambda is about."""
        found = re.search(r"/functions/([^/?]+)", self.response.path)
        return unquote(found[1]) if found else self.params.get("FunctionName")

    def backend(self, service=None):
        """moto's own memory of a service, in this account and Region."""
        service = service or self.service
        region = "aws" if service == "iam" else self.region
        return get_backend(service)[self.response.current_account][region]

    def result(self, answer):
        """What moto answers, before it is written: a dict of its own objects."""
        return answer.result if isinstance(answer, ActionResult) else None


def install(account_of):
    """Makes every call that moto handles go through the behaviours of its account.

    One call is handled at a time: moto's memory has no locks of its own, and what a token or a
    count decides must not be decided twice.
    """
    lock = threading.RLock()
    handle = BaseResponse.call_action

    def call_action(response):
        name = camelcase_to_underscores(response._get_action() or "")
        method = getattr(response, name, None)
        if method is None:
            return handle(response)
        status = []

        def through_behaviours():
            try:
                return account_of(response.current_account).answer(Call(response), method)
            except Refusal as refusal:
                status.append(refusal.status)
                raise

        # moto looks the method up on the object, which comes before its class.
        setattr(response, name, through_behaviours)
        try:
            with lock:
                code, headers, body = handle(response)
        except Exception:
            traceback.print_exc()
            raise
        if status and status[0]:
            code, headers["status"] = status[0], str(status[0])
        return code, headers, body

    BaseResponse.call_action = call_action
