"""States that take time: nothing is ready, changed or gone in the call's own answer.

The setting is how many seconds each change of state takes. With `{"looks": N}`, databases and NAT
gateways are told as they were N times instead, however long that takes, and all else is done at once.
"""

import copy
import json

from moto.core.responses import ActionResult

from overlay import Behaviour, Refusal

# What Lambda refuses while it still works on the last change.
ONE_AT_A_TIME = {"UpdateFunctionConfiguration", "UpdateFunctionCode", "PutFunctionConcurrency", "PublishVersion"}

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


class States(Behaviour):
    def __init__(self, account, setting):
        looks = setting.get("looks") if isinstance(setting, dict) else None
        super().__init__(account, 0 if looks else setting)
        self._looks = looks
        self._unseen = []  # [by which action it is told, how often still as it is, what follows]

    def around(self, call, go_on):
        for waiting in [one for one in self._unseen if one[0] == call.action]:
            waiting[1] -= 1
            if waiting[1] < 0:
                self._unseen.remove(waiting)
                waiting[2]()
        if call.service == "lambda" and call.action in ONE_AT_A_TIME:
            self._refuse_while_busy(call)
        return super().around(call, go_on)

    def _become(self, thing, attribute, before, after, seconds=None, told_by=None):
        """Lets a state follow another, unless something else came in between."""

        def effect():
            if getattr(thing, attribute) == before:
                setattr(thing, attribute, after)

        if self._looks and told_by:
            self._unseen.append([told_by, self._looks, effect])
            return
        self.account.later(self.setting if seconds is None else seconds, effect)

    # NAT gateways.

    def CreateNatGateway(self, call, go_on):
        answer = go_on()
        gateway = call.result(answer)["NatGateway"]
        gateway.state = "pending"
        gateways = call.backend().internet_gateways.values()
        reachable = any(one.vpc and one.vpc.id == gateway.vpc_id for one in gateways)
        if not reachable and gateway.connectivity_type != "private":
            gateway.failure_code = "Gateway.NotAttached"
            gateway.failure_message = f"Network {gateway.vpc_id} has no Internet gateway attached"
        then = "failed" if hasattr(gateway, "failure_code") else "available"
        self._become(gateway, "state", "pending", then, told_by="DescribeNatGateways")
        return answer

    def DeleteNatGateway(self, call, go_on):
        gateway = call.backend().nat_gateways.get(call.params["NatGatewayId"])
        answer = go_on()
        if gateway:
            gateway.state = "deleting"
            self._become(gateway, "state", "deleting", "deleted")
        return answer

    def CreateRoute(self, call, go_on):
        gateway = call.backend().nat_gateways.get(call.params.get("NatGatewayId"))
        if gateway and gateway.state == "pending":
            raise Refusal("InvalidNatGatewayID.NotFound", f"The natGateway ID '{gateway.id}' does not exist")
        return go_on()

    ReplaceRoute = CreateRoute

    # Instances.

    def RunInstances(self, call, go_on):
        answer = go_on()
        for instance in answer.result.instances:
            self._enter(instance, "pending", "running")
        return answer

    def TerminateInstances(self, call, go_on):
        instances = call.backend().get_multi_instances_by_id(call.params["InstanceIds"])
        if any(one.disable_api_termination or one._state.name == "terminated" for one in instances):
            return go_on()
        before = [copy.copy(one._state) for one in instances]
        for instance in instances:
            instance._state.name, instance._state.code = "shutting-down", CODES["shutting-down"]
        # Until it is terminated it keeps its interface and its address.
        self.account.later(self.setting, go_on)
        changes = [
            {"InstanceId": one.id, "CurrentState": copy.copy(one._state), "PreviousState": previous}
            for one, previous in zip(instances, before)
        ]
        return ActionResult({"TerminatingInstances": changes})

    def StopInstances(self, call, go_on):
        answer = go_on()
        for instance in call.backend().get_multi_instances_by_id(call.params["InstanceIds"]):
            self._enter(instance, "stopping", "stopped")
        return answer

    def StartInstances(self, call, go_on):
        answer = go_on()
        for instance in call.backend().get_multi_instances_by_id(call.params["InstanceIds"]):
            self._enter(instance, "pending", "running")
        return answer

    def _enter(self, instance, now, then):
        instance._state.name, instance._state.code = now, CODES[now]

        def effect():
            if instance._state.name == now:
                instance._state.name, instance._state.code = then, CODES[then]

        self.account.later(self.setting, effect)

    # Databases.

    def CreateDBInstance(self, call, go_on):
        answer = go_on()
        database = call.result(answer)["DBInstance"]
        database.status = "creating"
        self._become(database, "status", "creating", "backing-up", told_by="DescribeDBInstances")
        self._become(database, "status", "backing-up", "available", self.setting * 1.5, "DescribeDBInstances")
        return answer

    def ModifyDBInstance(self, call, go_on):
        self._refuse_unless_available(call)
        answer = go_on()
        database = call.result(answer)["DBInstance"]
        # AWS says "available" for a moment longer.
        self._become(database, "status", "available", "modifying", self.setting / 4)
        self._become(database, "status", "modifying", "available")
        return answer

    def DeleteDBInstance(self, call, go_on):
        self._refuse_unless_available(call)
        answer = go_on()
        database = call.result(answer)["DBInstance"]
        backend, name = call.backend(), database.db_instance_identifier
        database.status = "deleting"
        backend.databases[name] = database
        self.account.later(self.setting, lambda: backend.databases.pop(name, None))
        return answer

    def _refuse_unless_available(self, call):
        name = call.params["DBInstanceIdentifier"]
        database = call.backend().databases.get(name)
        if database and database.status == "deleting":
            raise Refusal("InvalidDBInstanceState", f"Instance {name} is already being deleted.")
        if database and database.status not in ("available", "storage-optimization"):
            raise Refusal("InvalidDBInstanceState", f"Database instance is not in available state: {name}")

    # Functions.

    def CreateFunction(self, call, go_on):
        code, headers, body = go_on()
        function = call.backend().get_function(call.function)
        function.state = "Pending"
        self._become(function, "state", "Pending", "Active")
        return code, headers, json.dumps(json.loads(body) | {"State": "Pending", "StateReasonCode": "Creating"})

    def UpdateFunctionConfiguration(self, call, go_on):
        code, headers, body = go_on()
        function = call.backend().get_function(call.function)
        function.last_update_status = "InProgress"
        self._become(function, "last_update_status", "InProgress", "Successful")
        return code, headers, json.dumps(json.loads(body) | {"LastUpdateStatus": "InProgress"})

    UpdateFunctionCode = UpdateFunctionConfiguration

    def _refuse_while_busy(self, call):
        function = call.backend().get_function(call.function)
        if function.state == "Pending":
            why = "The function is currently in the following state: Pending"
        elif getattr(function, "last_update_status", None) == "InProgress":
            why = f"An update is in progress for resource: {function.function_arn}"
        else:
            return
        raise Refusal("ResourceConflictException", f"The operation cannot be performed at this time. {why}")
