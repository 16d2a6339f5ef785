"""`DryRun`: EC2 says whether it would have done it, and does nothing."""

from overlay import Behaviour, Refusal


class DryRun(Behaviour):
    def around(self, call, go_on):
        if call.service == "ec2" and call.params.get("DryRun"):
            raise Refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
        return go_on()
