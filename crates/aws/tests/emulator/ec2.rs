//! The network and what stands in it.

use serde_json::json;
use trueup_model::Value;
use trueup_model::stack::By;

use crate::account::{Account, Made, with_account};

async fn vpc(account: &mut Account) -> Made {
    account.create("vpc", "main", json!({ "cidr_block": "10.0.0.0/16" })).await
}

async fn subnet(account: &mut Account, vpc: &Made, name: &str, network: &str) -> Made {
    let written = json!({ "vpc": vpc.id(), "cidr_block": network, "availability_zone": "a" });
    account.create("subnet", name, written).await
}

/// Nothing that the stack owns is left.
async fn assert_nothing_left(account: &Account) {
    let (snapshot, _) = account.observe().await;
    let left: Vec<_> = snapshot.resources.iter().map(|live| &live.id).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn vpc_and_subnet() {
    with_account(async |account| {
        let vpc = vpc(account).await;
        let vpc = account.update(vpc, json!({ "enable_dns_hostnames": true })).await;
        let subnet = subnet(account, &vpc, "one", "10.0.1.0/24").await;
        let subnet = account.update(subnet, json!({ "map_public_ip_on_launch": true })).await;
        let subnet = account
            .update_to(subnet, json!({ "map_public_ip_on_launch": false }), &[("a", "b")])
            .await;
        let found = account.try_delete(&vpc).await.unwrap_err();
        assert!(found.message.contains(subnet.id()), "{found}");
        account.delete(subnet).await;
        account.delete(vpc).await;
        assert_nothing_left(account).await;
    });
}

#[test]
fn a_network_that_is_taken_is_named() {
    with_account(async |account| {
        let vpc = vpc(account).await;
        let there = subnet(account, &vpc, "one", "10.0.1.0/24").await;
        let written = json!({ "vpc": vpc.id(), "cidr_block": "10.0.1.0/25" });
        let request = account.request("subnet", "two", &written);
        let failure = account.create_again(&request).await.unwrap_err();
        assert!(failure.help.iter().any(|help| help.contains(there.id())), "{failure:?}");
        let written =
            json!({ "vpc": vpc.id(), "cidr_block": "10.0.1.0/24", "availability_zone": "a" });
        let request = account.request("subnet", "one", &written);
        let again = account.create_again(&request).await.unwrap();
        assert_eq!(again.id, there.id());
        account.delete(there).await;
        account.delete(vpc).await;
    });
}

#[test]
fn internet_gateway_moves() {
    with_account(async |account| {
        let (one, other) = (vpc(account).await, vpc(account).await);
        let gateway = account.create("internet_gateway", "main", json!({ "vpc": one.id() })).await;
        let gateway = account.update(gateway, json!({ "vpc": other.id() })).await;
        account.delete(gateway).await;
        account.delete(one).await;
        account.delete(other).await;
        assert_nothing_left(account).await;
    });
}

#[test]
fn nat_gateway_and_its_address() {
    with_account(async |account| {
        let vpc = vpc(account).await;
        let gateway = account.create("internet_gateway", "main", json!({ "vpc": vpc.id() })).await;
        let subnet = subnet(account, &vpc, "public", "10.0.0.0/24").await;
        let address = account.create("elastic_ip", "nat", json!({})).await;
        let written = json!({ "subnet": subnet.id(), "elastic_ip": address.id() });
        let nat = account.create("nat_gateway", "main", written).await;
        assert_eq!(nat.output("public_ip"), address.output("public_ip"));
        let nat = account.update_to(nat, json!({}), &[("project", "other"), ("more", "")]).await;
        account.delete(nat).await;
        account.delete(address).await;
        account.delete(subnet).await;
        account.delete(gateway).await;
        account.delete(vpc).await;
        assert_nothing_left(account).await;
    });
}

#[test]
fn a_whole_network_is_read_in_few_calls() {
    with_account(async |account| {
        let vpc = vpc(account).await;
        let gateway = account.create("internet_gateway", "main", json!({ "vpc": vpc.id() })).await;
        let mut made = vec![vpc, gateway];
        for number in 0..12 {
            let network = format!("10.0.{number}.0/24");
            let subnet = subnet(account, &made[0], &format!("s{number}"), &network).await;
            let written = json!({ "vpc": made[0].id(), "subnets": [subnet.id()] });
            let table = account.create("route_table", &format!("t{number}"), written).await;
            let rule = json!([{ "port": 22, "from": ["10.0.0.0/8"] }]);
            let written = json!({ "vpc": made[0].id(), "ingress": rule });
            let group = account.create("security_group", &format!("g{number}"), written).await;
            made.extend([subnet, table, group]);
        }
        let (snapshot, calls) = account.observe().await;
        assert_eq!(snapshot.resources.len(), made.len());
        for live in &snapshot.resources {
            assert_eq!(live, &made.iter().find(|made| made.id() == live.id).unwrap().live);
        }
        let network: Vec<_> =
            calls.iter().filter(|(action, _)| action.starts_with("ec2:")).collect();
        let expected = [
            ("ec2:DescribeAddresses", 1),
            ("ec2:DescribeInstances", 1),
            ("ec2:DescribeInternetGateways", 1),
            ("ec2:DescribeNatGateways", 1),
            ("ec2:DescribeRouteTables", 1),
            ("ec2:DescribeSecurityGroupRules", 1),
            ("ec2:DescribeSecurityGroups", 1),
            ("ec2:DescribeSubnets", 1),
            ("ec2:DescribeVpcAttribute", 2),
            ("ec2:DescribeVpcs", 1),
        ];
        assert_eq!(network, expected.iter().map(|(a, n)| (a, n)).collect::<Vec<_>>());
        let (first, rest) = (made.remove(0), made);
        for made in rest.into_iter().rev() {
            account.delete(made).await;
        }
        account.delete(first).await;
        assert_nothing_left(account).await;
    });
}

#[test]
fn route_tables() {
    with_account(async |account| {
        let vpc = vpc(account).await;
        let gateway = account.create("internet_gateway", "main", json!({ "vpc": vpc.id() })).await;
        let one = subnet(account, &vpc, "one", "10.0.1.0/24").await;
        let two = subnet(account, &vpc, "two", "10.0.2.0/24").await;
        let written = json!({
            "vpc": vpc.id(), "subnets": [one.id(), two.id()],
            "routes": { "0.0.0.0/0": gateway.id(), "::/0": gateway.id() },
        });
        let table = account.create("route_table", "public", written).await;
        let address = account.create("elastic_ip", "nat", json!({})).await;
        let written = json!({ "subnet": one.id(), "elastic_ip": address.id() });
        let nat = account.create("nat_gateway", "main", written).await;
        let routes = json!({ "0.0.0.0/0": nat.id(), "192.168.0.0/16": gateway.id() });
        let table = account.update(table, json!({ "routes": routes })).await;
        let table = account.update(table, json!({ "routes": {}, "subnets": [one.id()] })).await;
        // A subnet moves from one table to the other, and the first hears of it afterwards.
        let written = json!({ "vpc": vpc.id(), "subnets": [one.id()], "main": true });
        let second = account.create("route_table", "private", written).await;
        let table = account.update(table, json!({ "subnets": [] })).await;
        let second = account.update(second, json!({ "main": false })).await;
        let second = account.update(second, json!({ "main": true })).await;
        account.delete(nat).await;
        account.delete(second).await;
        account.delete(table).await;
        for made in [address, one, two, gateway, vpc] {
            account.delete(made).await;
        }
        assert_nothing_left(account).await;
    });
}

#[test]
fn security_groups_that_name_each_other() {
    with_account(async |account| {
        let vpc = vpc(account).await;
        let one = json!({ "vpc": vpc.id(), "description": "one", "egress": [] });
        let one = account.create("security_group", "one", one).await;
        let two = json!({
            "vpc": vpc.id(), "ingress": [{ "port": 5432, "from": [one.id()] }],
        });
        let two = account.create("security_group", "two", two).await;
        let ingress = json!([
            { "port": 443, "from": ["0.0.0.0/0", "::/0"], "description": "the world" },
            { "port": "1024-65535", "protocol": "udp", "from": [two.id(), "10.0.0.0/8"] },
            { "port": 8, "protocol": "icmp", "from": ["10.0.0.0/8"] },
            { "port": "3-4", "protocol": "icmp", "from": ["10.0.0.0/8"] },
            { "protocol": "tcp", "from": ["10.1.0.0/16"] },
            { "from": [two.id()] },
        ]);
        let egress = json!([{ "port": 5432, "to": [two.id()] }]);
        let one = account.update(one, json!({ "ingress": ingress, "egress": egress })).await;
        let ingress = json!([
            { "port": 443, "from": ["0.0.0.0/0"], "description": "everybody" },
            { "port": 8, "protocol": "icmp", "from": ["10.0.0.0/8"], "description": "ping" },
            { "port": 80, "from": ["10.0.0.0/8"] },
        ]);
        account.host.take_calls();
        let one = account.update(one, json!({ "ingress": ingress })).await;
        let calls = account.host.take_calls();
        let of = |action: &str| calls.get(action).copied().unwrap_or_default();
        assert_eq!(of("ec2:AuthorizeSecurityGroupIngress"), 1);
        assert_eq!(of("ec2:ModifySecurityGroupRules"), 1);
        assert_eq!(of("ec2:RevokeSecurityGroupIngress"), 1);
        let one = account.update(one, json!({ "ingress": [], "egress": [] })).await;
        let one = account.update(one, json!({ "ingress": [{ "from": [two.id()] }] })).await;
        account.delete(one).await;
        account.delete(two).await;
        account.delete(vpc).await;
        assert_nothing_left(account).await;
    });
}

#[test]
fn additive_rules_leave_others_alone() {
    with_account(async |account| {
        let vpc = vpc(account).await;
        let rule = json!([{ "port": 443, "from": ["0.0.0.0/0"] }]);
        let written = json!({ "vpc": vpc.id(), "rules": "additive", "ingress": rule });
        let group = account.create("security_group", "one", written).await;
        let both = json!([
            { "port": 443, "from": ["0.0.0.0/0"] }, { "port": 80, "from": ["0.0.0.0/0"] },
        ]);
        let mut group = account.update(group, json!({ "ingress": both })).await;
        // As if port 80 had come after the plan was made.
        let seen = group.live.attributes.get_mut("ingress").unwrap();
        let only =
            seen.as_list().unwrap().iter().filter(|rule| rule.get("port") == &Value::Int(443));
        *seen = Value::List(only.cloned().collect());
        let other = json!([{ "port": 22, "from": ["10.0.0.0/8"] }]);
        let group = account.update(group, json!({ "ingress": other })).await;
        let mut ports: Vec<_> = group.live.attributes["ingress"]
            .as_list()
            .unwrap()
            .iter()
            .filter_map(|rule| rule.get("port").as_int())
            .collect();
        ports.sort_unstable();
        assert_eq!(ports, [22, 80]);
        account.delete(group).await;
        account.delete(vpc).await;
    });
}

#[test]
fn a_name_that_is_taken_is_named() {
    with_account(async |account| {
        let vpc = vpc(account).await;
        let written = json!({ "vpc": vpc.id(), "name": "taken" });
        let group = account.create("security_group", "one", written.clone()).await;
        let request = account.request("security_group", "one", &written);
        assert_eq!(account.create_again(&request).await.unwrap().id, group.id());
        let request = account.request("security_group", "other", &written);
        let failure = account.create_again(&request).await.unwrap_err();
        assert!(failure.help.iter().any(|help| help.contains("security_group.one")), "{failure:?}");
        account.delete(group).await;
        account.delete(vpc).await;
    });
}

/// Stops an instance behind the provider's back.
async fn stop(account: &Account, instance: &Made) {
    let stopped = account.ec2.stop_instances().instance_ids(instance.id()).send().await;
    stopped.unwrap();
}

#[test]
fn what_exists_is_looked_up() {
    with_account(async |account| {
        let vpc = vpc(account).await;
        let one = subnet(account, &vpc, "one", "10.0.1.0/24").await;
        let two = subnet(account, &vpc, "two", "10.0.2.0/24").await;
        let name = format!("{}-lookup", account.stack);
        let written = json!({ "vpc": vpc.id(), "name": name });
        let group = account.create("security_group", "one", written).await;
        let (stack, address) = (account.stack.clone(), two.live.ownership.address.clone().unwrap());
        let tags = [("trueup:stack".to_owned(), stack.clone())];
        for (kind, by, id) in [
            ("vpc", By::Tags(tags.clone().into()), vpc.id()),
            ("subnet", By::Id(one.id().to_owned()), one.id()),
            ("subnet", By::Stack { stack, address }, two.id()),
            ("security_group", By::Name(name), group.id()),
        ] {
            let found = account.find(kind, by).await.unwrap();
            assert_eq!(found.unwrap().id, id);
        }
        let default = account.find("vpc", By::Default).await.unwrap().unwrap();
        assert_eq!(default.get("cidr_block").as_str(), Some("172.31.0.0/16"));
        let several = account.find("subnet", By::Tags(tags.into())).await.unwrap_err();
        assert!(several.contains(one.id()) && several.contains(two.id()), "{several}");
        assert!(account.find("subnet", By::Id("subnet-0".to_owned())).await.unwrap().is_none());
        for made in [group, one, two, vpc] {
            account.delete(made).await;
        }
    });
}

#[test]
fn instance() {
    with_account(async |account| {
        let vpc = vpc(account).await;
        let gateway = account.create("internet_gateway", "main", json!({ "vpc": vpc.id() })).await;
        let subnet = subnet(account, &vpc, "one", "10.0.1.0/24").await;
        let group = json!({ "vpc": vpc.id() });
        let one = account.create("security_group", "one", group.clone()).await;
        let two = account.create("security_group", "two", group).await;
        let trust = json!({ "service": "ec2.amazonaws.com" });
        let role = account.create("iam_role", "one", trust.clone()).await;
        let other = account.create("iam_role", "two", trust).await;
        let written = json!({
            "ami": "ami-12c6146b", "instance_type": "t3.micro", "subnet": subnet.id(),
            "security_groups": [one.id()], "iam_role": role.output("instance_profile_name"),
            "user_data": "#!/bin/sh\necho hello\n", "source_dest_check": false,
            "root_volume": { "size_gb": 20, "type": "gp3", "encrypted": true },
            "metadata_options": {
                "http_tokens": "required", "http_put_response_hop_limit": 1,
                "http_endpoint": "enabled",
            },
        });
        let mut instance = account.create("instance", "main", written).await;
        for change in [
            json!({ "security_groups": [two.id(), one.id()] }),
            json!({ "source_dest_check": true }),
            json!({ "metadata_options": {
                "http_tokens": "optional", "http_put_response_hop_limit": 3,
                "http_endpoint": "enabled",
            } }),
            // Not from one to the other at once: moto replaces the association, but goes on to
            // describe the instance with the old profile.
            json!({ "iam_role": null }),
            json!({ "iam_role": other.output("instance_profile_name") }),
            json!({ "root_volume": { "size_gb": 30, "type": "gp3", "encrypted": true } }),
            json!({ "root_volume": { "size_gb": 30, "delete_on_termination": false } }),
            json!({ "root_volume": { "size_gb": 30, "delete_on_termination": true } }),
            json!({ "instance_type": "t3.small" }),
            json!({ "termination_protection": true }),
        ] {
            instance = account.update(instance, change).await;
        }
        assert_eq!(instance.output("state"), "running");
        let address =
            account.create("elastic_ip", "one", json!({ "instance": instance.id() })).await;
        let address = account.update(address, json!({ "instance": null })).await;
        let address = account.update(address, json!({ "instance": instance.id() })).await;
        account.delete(address).await;
        let refused = account.try_delete(&instance).await.unwrap_err();
        assert!(
            refused.help.iter().any(|help| help.contains("termination_protection")),
            "{refused}"
        );
        instance = account.update(instance, json!({ "termination_protection": false })).await;
        // As a crash between stop and start leaves it: without a difference in any attribute.
        instance = account.update_to(instance, json!({}), &[("trueup:restart", "")]).await;
        stop(account, &instance).await;
        instance = account.update(instance, json!({})).await;
        assert_eq!(instance.output("state"), "running");
        account.delete(instance).await;
        for made in [one, two, subnet, gateway, vpc, role, other] {
            account.delete(made).await;
        }
        assert_nothing_left(account).await;
    });
}
