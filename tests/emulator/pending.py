"""What RDS puts off: listed as pending until it is applied, at once only if the caller says so.

A call that says `ApplyImmediately` applies everything that is pending, also what others left.
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
        answer = go_on()
        if database is None:
            return answer
        pending = {**getattr(database, "pending_modified_values", {}), **put_off}
        database.pending_modified_values = {n: v for n, v in pending.items() if _current(database, n) != v}
        if call.params.get("ApplyImmediately") in (True, "true"):
            states = self.account.get(States)
            if states:
                self.account.later(states.setting * 0.9, lambda: _apply(database))
            else:
                _apply(database)
        return answer


def _current(database, name):
    if name == "DBSubnetGroupName":
        group = getattr(database, "db_subnet_group", None)
        return group and group.name
    return getattr(database, xform_name(name), None)


def _apply(database):
    database.update(**XFormedDict(database.pending_modified_values))
    database.pending_modified_values = {}
