"""Writes a stack of 1,000 resources: 2 VPCs, 60 subnets, 20 route tables, 300 groups, 618 rules."""

import sys


def main(factor=1):
    vpcs, subnets, tables, groups = 2, 60, 20, 300 * factor
    lines = ["stack: wide", "region: us-west-2", "", "vpc:"]
    lines += [f"  v{i}: {{ cidr_block: 10.{i}.0.0/16 }}" for i in range(vpcs)]
    lines.append("subnet:")
    for i in range(subnets):
        zone = "abc"[i % 3]
        lines.append(
            f"  s{i}: {{ vpc: v{i % vpcs}, cidr_block: 10.{i % vpcs}.{i // vpcs}.0/24, availability_zone: {zone} }}"
        )
    lines.append("route_table:")
    for i in range(tables):
        mine = [f"s{j}" for j in range(subnets) if j % tables == i and j % vpcs == i % vpcs]
        lines.append(f"  t{i}: {{ vpc: v{i % vpcs}, subnets: [{', '.join(mine)}] }}")
    lines.append("security_group:")
    for i in range(groups):
        rules = ["{ port: 443, from: [10.0.0.0/8] }"]
        # 300 groups with one rule each, and 318 more that refer to a neighbour in the same VPC.
        if i + vpcs < groups:
            rules.append(f"{{ port: 8080, from: [g{i + vpcs}] }}")
        if i % 15 == 0:
            rules.append("{ port: 22, from: [192.168.0.0/16] }")
        lines.append(f"  g{i}:")
        lines.append(f"    vpc: v{i % vpcs}")
        lines.append(f"    description: Group {i}")
        lines.append("    egress: []")
        lines.append(f"    ingress: [{', '.join(rules)}]")
    print("\n".join(lines))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
