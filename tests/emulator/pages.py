"""Pages: no answer is longer than `setting`, whatever the caller allows; the rest is under a token."""

import base64
import json

import botocore.session

from moto.core.responses import ActionResult

from overlay import Behaviour, Refusal

EVERYTHING = 1_000_000

_session = botocore.session.get_session()
_paginators = {}


class Pages(Behaviour):
    def around(self, call, go_on):
        paginator = _paginator_of(call)
        if paginator is None:
            return go_on()
        token, limit = paginator["input_token"], paginator.get("limit_key")
        start = self._offset(call, call.params.pop(token, None))
        size = min(int(call.params.get(limit) or self.setting), self.setting)
        # moto cuts some answers into pages of its own.
        call.params[limit] = EVERYTHING
        result, key = call.result(go_on()), paginator["result_key"]
        everything = list(result[key])
        result[key] = everything[start : start + size]
        more = start + size < len(everything)
        result[paginator["output_token"]] = self._token(call, start + size) if more else None
        if "more_results" in paginator:
            result[paginator["more_results"]] = more
        return ActionResult(result)

    def _token(self, call, offset):
        return base64.b64encode(json.dumps([call.action, offset]).encode()).decode()

    def _offset(self, call, token):
        if not token:
            return 0
        try:
            action, offset = json.loads(base64.b64decode(token))
        except ValueError:
            action, offset = None, 0
        if action != call.action:
            raise Refusal("InvalidNextToken" if call.service == "ec2" else "InvalidParameterValue", "The token is not valid")
        return offset


def _paginator_of(call):
    """How botocore pages through an action's answers; none for actions that have no single list."""
    if call.service not in ("ec2", "rds") or not call.is_read:
        return None
    if call.service not in _paginators:
        loader = _session.get_component("data_loader")
        _paginators[call.service] = loader.load_service_model(call.service, "paginators-1")["pagination"]
    found = _paginators[call.service].get(call.action)
    return found if found and isinstance(found["result_key"], str) and "limit_key" in found else None
