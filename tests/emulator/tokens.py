"""Client tokens: the same request again gives what the first one made, as it was then."""

import copy
import json

from moto.core.responses import ActionResult

from overlay import Behaviour, Refusal


class Tokens(Behaviour):
    def __init__(self, account, setting):
        super().__init__(account, setting)
        self._answers = {}

    def around(self, call, go_on):
        token = call.params.get("ClientToken") if call.service == "ec2" else None
        if not token:
            return go_on()
        request = json.dumps(call.params, sort_keys=True, default=str)
        made = self._answers.get((call.region, call.action, token))
        if made is None:
            answer = go_on()
            self._answers[call.region, call.action, token] = request, as_it_is_now(call, answer)
            return answer
        if made[0] != request:
            raise Refusal(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
            )
        if call.action == "RunInstances" and is_terminated(call, made[1]):
            raise Refusal(
                "IdempotentInstanceTerminated",
                "The client token was used to launch an instance that has been terminated.",
            )
        return made[1]


def as_it_is_now(call, answer):
    """A gateway's later states are not in the first answer."""
    if call.action != "CreateNatGateway":
        return answer
    return ActionResult({name: copy.copy(value) for name, value in call.result(answer).items()})


def is_terminated(call, answer):
    return all(one._state.name in ("shutting-down", "terminated") for one in call.result(answer).instances)
