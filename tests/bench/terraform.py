"""The bench's stacks in Terraform's words, and how Terraform is run and measured.

Terraform is used where it is installed with its provider for AWS. `TF_CLI_ARGS_init`, Terraform's own
variable, can name a folder of providers: `-plugin-dir=FOLDER`.
"""

import json
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

STACKS = Path(__file__).resolve().parent.parent.parent / "stacks"
PROVIDER = {
    "region": "us-west-2",
    "access_key": "test",
    "secret_key": "test",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": False,
}


def document(resources, data=None):
    parts = {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
        "provider": {"aws": PROVIDER},
        "resource": resources,
        "data": data,
    }
    return {name: part for name, part in parts.items() if part}


def ingress(port, **source):
    return {"from_port": port, "to_port": port, "ip_protocol": "tcp", **source}


def trust(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def snowex(folder):
    """What stacks/snowex.yaml describes."""
    shutil.make_archive(str(folder / "api"), "zip", STACKS / "functions" / "snowex-api")
    vpc, private = "${aws_vpc.main.id}", ["${aws_subnet.private_a.id}", "${aws_subnet.private_b.id}"]
    group = lambda name: f"${{aws_security_group.{name}.id}}"
    subnet = lambda cidr, zone: {"vpc_id": vpc, "cidr_block": cidr, "availability_zone": f"us-west-2{zone}"}
    table = lambda **target: {"vpc_id": vpc, "route": [ROUTE | {"cidr_block": "0.0.0.0/0"} | target]}
    policies = {
        "bastion": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
        "function": "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
    }
    secret = "${aws_db_instance.main.master_user_secret[0].secret_arn}"
    read = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret}
    rules = {
        "database_function": ("database", "function"),
        "database_bastion": ("database", "bastion"),
    }
    return document(
        {
            "aws_vpc": {"main": {"cidr_block": "10.0.0.0/16", "enable_dns_hostnames": True}},
            "aws_internet_gateway": {"main": {"vpc_id": vpc}},
            "aws_subnet": {
                "public": subnet("10.0.0.0/24", "a"),
                "private_a": subnet("10.0.10.0/24", "a"),
                "private_b": subnet("10.0.11.0/24", "b"),
            },
            "aws_eip": {"nat": {"domain": "vpc"}},
            "aws_nat_gateway": {
                "main": {"subnet_id": "${aws_subnet.public.id}", "allocation_id": "${aws_eip.nat.id}"}
            },
            "aws_route_table": {
                "public": table(gateway_id="${aws_internet_gateway.main.id}"),
                "private": table(nat_gateway_id="${aws_nat_gateway.main.id}"),
            },
            "aws_route_table_association": {
                name: {"subnet_id": f"${{aws_subnet.{name}.id}}", "route_table_id": f"${{aws_route_table.{of}.id}}"}
                for name, of in [("public", "public"), ("private_a", "private"), ("private_b", "private")]
            },
            "aws_security_group": {
                name: {"name": f"snowex-{name}", "vpc_id": vpc, "description": name}
                for name in ["database", "function", "bastion"]
            },
            "aws_vpc_security_group_ingress_rule": {
                name: {"security_group_id": group(to), **ingress(5432, referenced_security_group_id=group(of))}
                for name, (to, of) in rules.items()
            },
            "aws_vpc_security_group_egress_rule": {
                f"{name}_{port}": {"security_group_id": group(name), **ingress(port, **to)}
                for name in ["function", "bastion"]
                for port, to in [
                    (5432, {"referenced_security_group_id": group("database")}),
                    (443, {"cidr_ipv4": "0.0.0.0/0"}),
                ]
            },
            "aws_db_subnet_group": {"main": {"name": "snowex-main", "subnet_ids": private}},
            "aws_db_instance": {
                "main": {
                    "identifier": "snowex-main",
                    "engine": "postgres",
                    "engine_version": "16.3",
                    "instance_class": "db.t3.micro",
                    "allocated_storage": 20,
                    "storage_encrypted": True,
                    "db_name": "snowex",
                    "username": "snowex_admin",
                    "manage_master_user_password": True,
                    "db_subnet_group_name": "${aws_db_subnet_group.main.name}",
                    "vpc_security_group_ids": [group("database")],
                    "backup_retention_period": 7,
                    "skip_final_snapshot": True,
                }
            },
            "aws_iam_role": {
                "bastion": {"name": "snowex-bastion", "assume_role_policy": trust("ec2.amazonaws.com")},
                "function": {"name": "snowex-function", "assume_role_policy": trust("lambda.amazonaws.com")},
            },
            "aws_iam_role_policy_attachment": {
                name: {"role": f"${{aws_iam_role.{name}.name}}", "policy_arn": arn} for name, arn in policies.items()
            },
            "aws_iam_role_policy": {
                "read": {
                    "name": "read-db-secret",
                    "role": "${aws_iam_role.function.name}",
                    "policy": json.dumps({"Version": "2012-10-17", "Statement": [read]}),
                }
            },
            "aws_iam_instance_profile": {"bastion": {"name": "snowex-bastion", "role": "${aws_iam_role.bastion.name}"}},
            "aws_instance": {
                "bastion": {
                    "ami": "${data.aws_ssm_parameter.ami.value}",
                    "instance_type": "t3.micro",
                    "subnet_id": private[0],
                    "vpc_security_group_ids": [group("bastion")],
                    "iam_instance_profile": "${aws_iam_instance_profile.bastion.name}",
                }
            },
            "aws_lambda_function": {
                "api": {
                    "function_name": "snowex-api",
                    "runtime": "python3.12",
                    "handler": "app.handler",
                    "filename": "api.zip",
                    "source_code_hash": '${filebase64sha256("api.zip")}',
                    "role": "${aws_iam_role.function.arn}",
                    "memory_size": 256,
                    "timeout": 30,
                    "reserved_concurrent_executions": 10,
                    "vpc_config": {"subnet_ids": private, "security_group_ids": [group("function")]},
                    "environment": {"variables": {"DB_SECRET_ARN": secret}},
                }
            },
            "aws_lambda_function_url": {
                "api": {"function_name": "${aws_lambda_function.api.function_name}", "authorization_type": "NONE"}
            },
            "aws_cloudwatch_log_group": {"api": {"name": "/aws/lambda/snowex-api", "retention_in_days": 14}},
        },
        {
            "aws_ssm_parameter": {
                "ami": {"name": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"}
            }
        },
    )


# A route in Terraform's JSON names everything that it is not.
ROUTE = {
    name: None
    for name in (
        "carrier_gateway_id core_network_arn destination_prefix_list_id egress_only_gateway_id gateway_id "
        "ipv6_cidr_block local_gateway_id nat_gateway_id network_interface_id transit_gateway_id "
        "vpc_endpoint_id vpc_peering_connection_id"
    ).split()
}


def wide(_):
    """What generate.py describes: 2 VPCs, 60 subnets, 20 route tables, 300 groups, 618 rules."""
    vpcs, subnets, tables, groups = 2, 60, 20, 300
    group = lambda i: f"${{aws_security_group.g{i}.id}}"
    associations, rules = {}, {}
    for i in range(subnets):
        table = next(t for t in range(tables) if i % tables == t)
        associations[f"s{i}"] = {"subnet_id": f"${{aws_subnet.s{i}.id}}", "route_table_id": f"${{aws_route_table.t{table}.id}}"}
    for i in range(groups):
        rules[f"g{i}a"] = {"security_group_id": group(i), **ingress(443, cidr_ipv4="10.0.0.0/8")}
        if i + vpcs < groups:
            rules[f"g{i}b"] = {"security_group_id": group(i), **ingress(8080, referenced_security_group_id=group(i + vpcs))}
        if i % 15 == 0:
            rules[f"g{i}c"] = {"security_group_id": group(i), **ingress(22, cidr_ipv4="192.168.0.0/16")}
    vpc = lambda i: f"${{aws_vpc.v{i % vpcs}.id}}"
    return document(
        {
            "aws_vpc": {f"v{i}": {"cidr_block": f"10.{i}.0.0/16"} for i in range(vpcs)},
            "aws_subnet": {
                f"s{i}": {
                    "vpc_id": vpc(i),
                    "cidr_block": f"10.{i % vpcs}.{i // vpcs}.0/24",
                    "availability_zone": f"us-west-2{'abc'[i % 3]}",
                }
                for i in range(subnets)
            },
            "aws_route_table": {f"t{i}": {"vpc_id": vpc(i)} for i in range(tables)},
            "aws_route_table_association": associations,
            "aws_security_group": {
                f"g{i}": {"name": f"wide-g{i}", "vpc_id": vpc(i), "description": f"Group {i}"} for i in range(groups)
            },
            "aws_vpc_security_group_ingress_rule": rules,
        }
    )


def is_installed(folder):
    """Whether Terraform is there and finds its provider."""
    if not shutil.which("terraform"):
        return False
    (folder / "main.tf.json").write_text(json.dumps(document({})))
    return subprocess.run(["terraform", "init", "-no-color"], cwd=folder, capture_output=True).returncode == 0


def prepare(folder, describe):
    (folder / "main.tf.json").write_text(json.dumps(describe(folder), indent=1))
    subprocess.run(["terraform", "init", "-no-color"], cwd=folder, capture_output=True, check=True)


def run(folder, *arguments, port):
    """Seconds, peak memory in MB of Terraform with its provider, and the exit code of one run."""
    environment = dict(os.environ, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", CHECKPOINT_DISABLE="1")
    begun = time.monotonic()
    process = subprocess.Popen(
        ["terraform", *arguments, "-no-color", "-input=false"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    peak = [0]
    watcher = threading.Thread(target=watch, args=(process, peak))
    watcher.start()
    output, _ = process.communicate()
    seconds = time.monotonic() - begun
    watcher.join()
    return seconds, peak[0] / 1024, process.returncode, output


def watch(process, peak):
    while process.poll() is None:
        peak[0] = max(peak[0], memory_of_session(process.pid))
        time.sleep(0.1)


def memory_of_session(leader):
    """The resident kilobytes of all processes of a session."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == leader:
                total += int(fields[21]) * os.sysconf("SC_PAGE_SIZE") // 1024
        except (OSError, IndexError):
            continue
    return total
