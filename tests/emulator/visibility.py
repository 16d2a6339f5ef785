"""Eventual consistency: what was just made is not known yet, `setting` times; `[times, seconds]`, if it
is known after so many seconds, however seldom it was asked for.

EC2's new ids are missing in lists and refused when used; a new role cannot be assumed by Lambda and
may not make network interfaces, and a new instance profile is not known to EC2.
"""

import re

from overlay import Behaviour, Refusal

# An id's beginning, and what EC2 says of one that it does not know.
UNKNOWN = {
    "vpc": ("InvalidVpcID.NotFound", "The vpc ID '{}' does not exist"),
    "subnet": ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
    "igw": ("InvalidInternetGatewayID.NotFound", "The internetGateway ID '{}' does not exist"),
    "rtb": ("InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist"),
    "sg": ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "eipalloc": ("InvalidAllocationID.NotFound", "The allocation ID '{}' does not exist"),
    "nat": ("NatGatewayNotFound", "NAT gateway {} was not found"),
    "i": ("InvalidInstanceID.NotFound", "The instance ID '{}' does not exist"),
}

ID = re.compile(rf"({'|'.join(UNKNOWN)})-[0-9a-f]{{8,17}}")


class Visibility(Behaviour):
    def __init__(self, account, setting):
        super().__init__(account, setting)
        self._times, self._seconds = setting if isinstance(setting, list) else (setting, float("inf"))
        self._unseen = {}  # id -> how often it is still missed, and until when

    def around(self, call, go_on):
        if call.service != "ec2":
            return super().around(call, go_on)
        self._refuse_unknown(call)
        if call.action == "RunInstances":
            self._refuse_profile(call)
        answer = go_on()
        if call.is_read:
            self._hide(call.result(answer))
        elif call.action.startswith(("Create", "Allocate", "Run")):
            for identifier in _made(call.result(answer)):
                self._new(identifier)
        return answer

    def _new(self, key):
        self._unseen.setdefault(key, (self._times, self.account.now() + self._seconds))

    def _miss(self, key):
        """Whether it is missed once more."""
        left, until = self._unseen.get(key, (0, 0))
        if not left or self.account.now() > until:
            return False
        self._unseen[key] = left - 1, until
        return True

    def _refuse_unknown(self, call):
        named = {name: value for name, value in call.params.items() if name not in ("Filters", "Filter")}
        for identifier in sorted(set(_ids(named))):
            if self._miss(identifier):
                code, message = UNKNOWN[identifier.split("-")[0]]
                raise Refusal(code, message.format(identifier))

    def _hide(self, result):
        for name, things in (result or {}).items():
            if isinstance(things, list):
                result[name] = [one for one in things if not self._miss(_id(one))]

    # Roles.

    def CreateRole(self, call, go_on):
        answer = go_on()
        arn = call.result(answer)["Role"].arn
        for how in ("assumed", "network"):
            self._new((how, arn))
        return answer

    def CreateInstanceProfile(self, call, go_on):
        answer = go_on()
        self._new(("profile", call.params["InstanceProfileName"]))
        return answer

    def CreateFunction(self, call, go_on):
        arn = call.params["Role"]
        if self._miss(("assumed", arn)):
            message = "The role defined for the function cannot be assumed by Lambda."
            raise Refusal("InvalidParameterValueException", message)
        if call.params.get("VpcConfig") and self._miss(("network", arn)):
            message = "The provided execution role does not have permissions to call CreateNetworkInterface on EC2"
            raise Refusal("InvalidParameterValueException", message)
        return go_on()

    def _refuse_profile(self, call):
        profile = call.params.get("IamInstanceProfile") or {}
        name = profile.get("Name") or (profile.get("Arn") or "").split("/")[-1]
        if self._miss(("profile", name)):
            message = f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
            raise Refusal("InvalidParameterValue", message)


def _ids(value):
    if isinstance(value, str):
        if ID.fullmatch(value):
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner)


def _made(result):
    """The ids of what a call made."""
    things = getattr(result, "instances", None) or [result, *(result.values() if isinstance(result, dict) else [])]
    return {found for found in map(_id, things) if isinstance(found, str) and ID.fullmatch(found)}


def _id(thing):
    if isinstance(thing, str):
        return thing
    if isinstance(thing, dict):
        return thing.get("AllocationId") or thing.get("GroupId")
    reserved = getattr(thing, "instances", None)
    if isinstance(reserved, list) and reserved:
        return reserved[0].id
    return getattr(thing, "allocation_id", None) or getattr(thing, "id", None)
