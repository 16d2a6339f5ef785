"""What RDS puts off: listed as pending until it is applied, at once only if the caller says so.

A call that says `ApplyImmediately` applies everything that is pending, also what others left. Only
such a call takes something back, by asking for what is there; and what a parameter group says counts
from the next reboot.
"""

from botocore import xform_name
from moto.core.parse import XFormedDict

from overlay import Behaviour
from states import States

# The others take effect at once, whatever the caller says.
PUT_OFF = (
    "DBInstanceClass", "AllocatedStorage", "EngineVersion", "MultiAZ", "StorageType", "Iops", "StorageThroughput",
    "DBSubnetGroupName", "CACertificateIdentifier", "EnableIAMDatabaseAuthentication", "LicenseModel",
)


class Pending(Behaviour):
    def ModifyDBInstance(self, call, go_on):
        database = call.backend().databases.get(call.params["DBInstanceIdentifier"])
        put_off = {name: call.params.pop(name) for name in PUT_OFF if name in call.params} if database else {}
        group = database and _parameter_group(database)
        answer = go_on()
        if database is None:
            return answer
        if _parameter_group(database) != group:
            database.parameter_apply_status = "pending-reboot"
        at_once = call.params.get("ApplyImmediately") in (True, "true")
        asked = {n: v for n, v in put_off.items() if at_once or _current(database, n) != v}
        pending = {**getattr(database, "pending_modified_values", {}), **asked}
        database.pending_modified_values = {n: v for n, v in pending.items() if _current(database, n) != v}
        if at_once:
            states = self.account.get(States)
            if states:
                self.account.later(states.setting * 0.9, lambda: _apply(database))
            else:
                _apply(database)
        return answer

    def ModifyDBParameterGroup(self, call, go_on):
        answer = go_on()
        if any(one.get("ApplyMethod") == "pending-reboot" for one in call.params.get("Parameters", [])):
            for database in call.backend().databases.values():
                if _parameter_group(database) == call.params["DBParameterGroupName"]:
                    database.parameter_apply_status = "pending-reboot"
        return answer

    def RebootDBInstance(self, call, go_on):
        answer = go_on()
        call.backend().databases[call.params["DBInstanceIdentifier"]].parameter_apply_status = "in-sync"
        return answer


def _parameter_group(database):
    return database.db_parameter_groups()[0].name


def _current(database, name):
    if name == "DBSubnetGroupName":
        group = getattr(database, "db_subnet_group", None)
        return group and group.name
    return getattr(database, xform_name(name), None)


def _apply(database):
    database.update(**XFormedDict(database.pending_modified_values))
    database.pending_modified_values = {}
