"""Opens the example's database to the internet, behind trueup's back, for `make demo`."""

import json
import sys

ANYWHERE = "0.0.0.0/0"


def sandbox(path):
    """Edits the simulated account's file."""
    with open(path, encoding="utf-8") as file:
        world = json.load(file)
    for resource in world["resources"].values():
        address = resource["tags"].get("trueup:address")
        if address == "security_group.database":
            rule = {"description": None, "from": [ANYWHERE], "port": 5432, "protocol": "tcp"}
            resource["attributes"]["ingress"].append(rule)
            break
    else:
        sys.exit("tamper: no database group in the sandbox")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(world, file)


def moto():
    """Calls EC2."""
    import boto3

    ec2 = boto3.client("ec2")
    address = {"Name": "tag:trueup:address", "Values": ["security_group.database"]}
    group = ec2.describe_security_groups(Filters=[address])["SecurityGroups"][0]
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"],
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": ANYWHERE}]}
        ],
    )


if __name__ == "__main__":
    if sys.argv[1] == "sandbox":
        sandbox(sys.argv[2])
    else:
        moto()
