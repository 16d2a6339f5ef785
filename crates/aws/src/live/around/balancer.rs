//! What load balancers listen for and where they forward to.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::{
    Action, Listener, LoadBalancer, LoadBalancerSchemeEnum, ProtocolEnum, TargetGroup,
    TargetGroupIpAddressTypeEnum, TargetHealthDescription, TargetHealthStateEnum, TargetTypeEnum,
};
use futures::future::try_join_all;
use trueup_model::Value;
use trueup_model::snapshot::{Live, Surroundings, around};
use trueup_provider::{Call, Failure, FailureClass};

use super::{interface, text};
use crate::live::Session;
use crate::live::owned::named;
use crate::live::provider::unreadable;

/// The most load balancers and target groups in one page.
const PAGE: i32 = 400;
/// What they do with connections is read of these sorts.
const SORTS: [&str; 2] = ["application", "network"];

/// Adds to the load balancers that were found what they listen for and where they forward to. What
/// cannot be read is listed: a proof must not take it for nothing.
pub(super) async fn describe(
    aws: &Session<'_>,
    found: &mut Surroundings,
    vpcs: &[String],
) -> Result<(), Failure> {
    let is_wanted = |live: &Live| {
        live.kind == *around::LOAD_BALANCER
            && text(live, "type").is_some_and(|sort| SORTS.contains(&sort))
    };
    let wanted: BTreeSet<String> =
        found.resources.iter().filter(|live| is_wanted(live)).map(|live| live.id.clone()).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let read = match read(aws, &wanted).await {
        Ok(read) => read,
        Err(failure) => return not_read(found, failure),
    };
    for live in &mut found.resources {
        if let Some(attributes) = read.get(&live.id).filter(|_| is_wanted(live)) {
            live.attributes.extend(attributes.clone());
        }
    }
    match owners(aws, found, vpcs).await {
        Ok(interfaces) => {
            found.resources.extend(interfaces);
            Ok(())
        }
        Err(failure) => not_read(found, failure),
    }
}

fn not_read(found: &mut Surroundings, failure: Failure) -> Result<(), Failure> {
    if failure.class == FailureClass::Credentials {
        return Err(failure);
    }
    found.unreadable.push(unreadable(around::LOAD_BALANCER, &failure));
    Ok(())
}

/// The interfaces that have the addresses which are targets and which nothing has that was found.
async fn owners(
    aws: &Session<'_>,
    found: &Surroundings,
    vpcs: &[String],
) -> Result<Vec<Live>, Failure> {
    let listeners = found.resources.iter().map(|live| live.get_attribute("listeners"));
    let listeners = listeners.filter_map(Value::as_list).flatten();
    let targets = listeners.filter_map(|one| one.get("targets").as_list()).flatten();
    let addresses: BTreeSet<&str> =
        targets.filter_map(|target| target.get("address").as_str()).collect();
    let known = |address: &&str| {
        let mut interfaces =
            found.resources.iter().filter(|live| live.kind == *around::NETWORK_INTERFACE);
        interfaces.any(|live| {
            let v6 = live.get_attribute("ipv6_addresses").strings();
            text(live, "private_ip") == Some(*address) || v6.iter().any(|one| one == address)
        })
    };
    let unknown: Vec<String> =
        addresses.into_iter().filter(|address| !known(address)).map(str::to_owned).collect();
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    let interfaces = interface::at(aws, vpcs, &unknown).await?;
    Ok(interfaces.into_iter().filter(|live| live.kind == *around::NETWORK_INTERFACE).collect())
}

/// A target group with its targets.
struct Group {
    described: TargetGroup,
    targets: Vec<TargetHealthDescription>,
    attributes: BTreeMap<String, String>,
}

/// A listener with the groups that it forwards to.
struct Forwarding {
    listener: Listener,
    groups: BTreeSet<String>,
}

/// The attributes that the interfaces do not tell, of these load balancers of the account.
async fn read(
    aws: &Session<'_>,
    wanted: &BTreeSet<String>,
) -> Result<BTreeMap<String, trueup_model::value::Values>, Failure> {
    let all = load_balancers(aws, &[], &[]).await?;
    let ours: Vec<(String, LoadBalancer)> = all
        .into_iter()
        .filter_map(|one| Some((id_of(one.load_balancer_arn()?).to_owned(), one)))
        .filter(|(id, _)| wanted.contains(id))
        .collect();
    if ours.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (groups, listeners, across) = futures::try_join!(
        target_groups(aws, &ours),
        try_join_all(ours.iter().map(|(_, one)| forwardings(aws, one))),
        try_join_all(ours.iter().map(|(_, one)| is_across_zones(aws, one))),
    )?;
    let mut listeners: Vec<Vec<Forwarding>> = listeners;
    for ((_, one), listeners) in ours.iter().zip(&mut listeners) {
        by_rules(aws, one, listeners, &groups).await?;
    }
    let described = ours.into_iter().zip(listeners).zip(across);
    Ok(described
        .map(|(((id, one), listeners), across)| (id, attributes(&one, &listeners, &groups, across)))
        .collect())
}

/// `app/web/0123` of an ARN.
pub(in crate::live) fn id_of(arn: &str) -> &str {
    arn.split_once(":loadbalancer/").map_or(arn, |(_, id)| id)
}

/// Those with these ARNs or names (an unknown one is an error); all of the account, where there are none.
pub(in crate::live) async fn load_balancers(
    aws: &Session<'_>,
    arns: &[String],
    names: &[String],
) -> Result<Vec<LoadBalancer>, Failure> {
    let list = |all: &[String]| (!all.is_empty()).then(|| all.to_vec());
    let page_size = (arns.is_empty() && names.is_empty()).then_some(PAGE);
    aws.pages(
        Call::read("elasticloadbalancing:DescribeLoadBalancers"),
        |next| {
            let call = aws.clients.elb.describe_load_balancers().set_page_size(page_size);
            let call = call.set_load_balancer_arns(list(arns)).set_names(list(names));
            call.set_marker(next).send()
        },
        |page| (page.load_balancers.unwrap_or_default(), page.next_marker),
    )
    .await
}

/// The groups of these load balancers by ARN, with their targets.
async fn target_groups(
    aws: &Session<'_>,
    ours: &[(String, LoadBalancer)],
) -> Result<BTreeMap<String, Group>, Failure> {
    let groups = aws.pages(
        Call::read("elasticloadbalancing:DescribeTargetGroups"),
        |next| aws.clients.elb.describe_target_groups().page_size(PAGE).set_marker(next).send(),
        |page| (page.target_groups.unwrap_or_default(), page.next_marker),
    );
    let groups = groups.await?;
    let serves = |group: &TargetGroup| {
        let by = |arn: &String| ours.iter().any(|(_, one)| one.load_balancer_arn() == Some(arn));
        group.load_balancer_arns().iter().any(by)
    };
    let used = groups.into_iter().filter(|group| serves(group)).map(|group| async move {
        let arn = group.target_group_arn().unwrap_or_default().to_owned();
        let (targets, attributes) =
            futures::try_join!(targets(aws, &arn), attributes_of(aws, &group, &arn))?;
        Ok::<_, Failure>((arn, Group { described: group, targets, attributes }))
    });
    Ok(try_join_all(used).await?.into_iter().collect())
}

async fn targets(aws: &Session<'_>, arn: &str) -> Result<Vec<TargetHealthDescription>, Failure> {
    let answer = aws
        .call(Call::read("elasticloadbalancing:DescribeTargetHealth"), || {
            aws.clients.elb.describe_target_health().target_group_arn(arn).send()
        })
        .await?;
    Ok(answer.target_health_descriptions.unwrap_or_default())
}

/// What of a group's settings decides; an application load balancer's has nothing of it.
async fn attributes_of(
    aws: &Session<'_>,
    group: &TargetGroup,
    arn: &str,
) -> Result<BTreeMap<String, String>, Failure> {
    if matches!(group.protocol(), Some(ProtocolEnum::Http | ProtocolEnum::Https)) {
        return Ok(BTreeMap::new());
    }
    let answer = aws
        .call(Call::read("elasticloadbalancing:DescribeTargetGroupAttributes"), || {
            aws.clients.elb.describe_target_group_attributes().target_group_arn(arn).send()
        })
        .await?;
    let pair = |one: &aws_sdk_elasticloadbalancingv2::types::TargetGroupAttribute| {
        Some((one.key()?.to_owned(), one.value()?.to_owned()))
    };
    Ok(answer.attributes().iter().filter_map(pair).collect())
}

/// Whether a network load balancer's nodes send to targets in all zones.
async fn is_across_zones(aws: &Session<'_>, one: &LoadBalancer) -> Result<bool, Failure> {
    if !is_network(one) || one.availability_zones().len() < 2 {
        return Ok(true);
    }
    let arn = one.load_balancer_arn().unwrap_or_default();
    let answer = aws
        .call(Call::read("elasticloadbalancing:DescribeLoadBalancerAttributes"), || {
            aws.clients.elb.describe_load_balancer_attributes().load_balancer_arn(arn).send()
        })
        .await?;
    let mut settings = answer.attributes().iter();
    Ok(settings.any(|one| one.key() == Some(CROSS_ZONE) && one.value() == Some("true")))
}

const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";

fn is_network(one: &LoadBalancer) -> bool {
    one.r#type().is_some_and(|sort| sort.as_str() == "network")
}

async fn forwardings(aws: &Session<'_>, one: &LoadBalancer) -> Result<Vec<Forwarding>, Failure> {
    let arn = one.load_balancer_arn().unwrap_or_default();
    let listeners = aws.pages(
        Call::read("elasticloadbalancing:DescribeListeners"),
        |next| {
            let call = aws.clients.elb.describe_listeners().load_balancer_arn(arn);
            call.page_size(PAGE).set_marker(next).send()
        },
        |page| (page.listeners.unwrap_or_default(), page.next_marker),
    );
    let forwarding = |listener: Listener| {
        let groups = forwarded(listener.default_actions());
        Forwarding { listener, groups }
    };
    Ok(listeners.await?.into_iter().map(forwarding).collect())
}

/// The groups that actions forward to; one of weight 0 gets nothing.
fn forwarded(actions: &[Action]) -> BTreeSet<String> {
    let mut groups = BTreeSet::new();
    for action in actions {
        match action.forward_config() {
            Some(config) => {
                let weighed = config.target_groups().iter().filter(|one| one.weight() != Some(0));
                groups.extend(weighed.filter_map(|one| one.target_group_arn()).map(str::to_owned));
            }
            None => groups.extend(action.target_group_arn().map(str::to_owned)),
        }
    }
    groups
}

/// Adds what the rules of listeners forward to. They are only read where they may say more than the
/// default actions do: the groups of the only listener are all its own.
async fn by_rules(
    aws: &Session<'_>,
    one: &LoadBalancer,
    listeners: &mut [Forwarding],
    groups: &BTreeMap<String, Group>,
) -> Result<(), Failure> {
    let serves = |group: &Group| {
        group.described.load_balancer_arns().iter().any(|arn| one.load_balancer_arn() == Some(arn))
    };
    let own = groups.iter().filter(|(_, group)| serves(group));
    let own: BTreeSet<String> = own.map(|(arn, _)| arn.clone()).collect();
    if is_network(one) || listeners.iter().all(|forwarding| forwarding.groups == own) {
        return Ok(());
    }
    if let [only] = listeners {
        only.groups = own;
        return Ok(());
    }
    for forwarding in listeners {
        let arn = forwarding.listener.listener_arn().unwrap_or_default();
        let rules = aws.pages(
            Call::read("elasticloadbalancing:DescribeRules"),
            |next| {
                let call = aws.clients.elb.describe_rules().listener_arn(arn);
                call.page_size(PAGE).set_marker(next).send()
            },
            |page| (page.rules.unwrap_or_default(), page.next_marker),
        );
        let rules = rules.await?;
        forwarding.groups.extend(rules.iter().flat_map(|rule| forwarded(rule.actions())));
    }
    Ok(())
}

fn attributes(
    one: &LoadBalancer,
    listeners: &[Forwarding],
    groups: &BTreeMap<String, Group>,
    across: bool,
) -> trueup_model::value::Values {
    let mut all = Vec::new();
    for Forwarding { listener, groups: forwards } in listeners {
        let Some(port) = listener.port() else { continue };
        for &udp in transports(listener.protocol()) {
            let of = forwards.iter().filter_map(|arn| groups.get(arn));
            let targets: Value = of.flat_map(|group| group.targets_of(udp, across)).collect();
            let fields =
                [("port", i64::from(port).into()), ("udp", udp.into()), ("targets", targets)];
            all.push(Value::from(named(fields)));
        }
    }
    let [sort, internet_facing, groups] = looks(one);
    named([sort, internet_facing, groups, ("listeners", all.into_iter().collect())])
}

/// What its own description says better than its interfaces.
pub(super) fn looks(one: &LoadBalancer) -> [(&'static str, Value); 3] {
    let scheme = one.scheme().map(LoadBalancerSchemeEnum::as_str);
    let sort = one.r#type().map_or("application", |sort| sort.as_str());
    [
        ("type", sort.into()),
        ("internet_facing", (scheme == Some("internet-facing")).into()),
        ("security_groups", one.security_groups().iter().map(String::as_str).collect()),
    ]
}

/// Whether UDP, TCP or both.
fn transports(protocol: Option<&ProtocolEnum>) -> &'static [bool] {
    match protocol {
        Some(ProtocolEnum::Udp | ProtocolEnum::Quic) => &[true],
        Some(ProtocolEnum::TcpUdp | ProtocolEnum::TcpQuic) => &[false, true],
        Some(ProtocolEnum::Geneve) => &[],
        _ => &[false],
    }
}

impl Group {
    fn targets_of(&self, udp: bool, across: bool) -> Vec<Value> {
        let sort = match self.described.target_type() {
            Some(TargetTypeEnum::Ip) => "address",
            Some(TargetTypeEnum::Alb) => "load_balancer",
            // A function is invoked, and no packet gets to it.
            Some(TargetTypeEnum::Lambda) => return Vec::new(),
            _ => "instance",
        };
        let each = self.targets.iter().filter_map(|described| {
            let target = described.target()?;
            let id = target.id()?;
            let id = if sort == "load_balancer" { id_of(id) } else { id };
            let port = target.port().or(self.described.port())?;
            let health = described.target_health().and_then(|health| health.state());
            let health =
                health.map(TargetHealthStateEnum::as_str).filter(|state| *state != "healthy");
            let ipv6 =
                self.described.ip_address_type() == Some(&TargetGroupIpAddressTypeEnum::Ipv6);
            let everywhere = target.availability_zone() == Some("all");
            let fields = [
                (sort, id.into()),
                ("port", i64::from(port).into()),
                ("ipv6", ipv6.into()),
                ("keeps_client", self.keeps_client(sort, udp).into()),
                ("cross_zone", (everywhere || self.is_across(across)).into()),
                ("state", health.map(str::to_owned).into()),
            ];
            Some(Value::from(named(fields)))
        });
        each.collect()
    }

    /// Whether targets see the client's address: by default all but those that are registered by
    /// address for TCP; of UDP always.
    fn keeps_client(&self, sort: &str, udp: bool) -> bool {
        let said = self.attributes.get("preserve_client_ip.enabled").map(|said| said == "true");
        let both = matches!(self.described.protocol(), Some(ProtocolEnum::TcpUdp));
        let by_http =
            matches!(self.described.protocol(), Some(ProtocolEnum::Http | ProtocolEnum::Https));
        !by_http && (udp || said.unwrap_or(sort != "address" || both))
    }

    fn is_across(&self, balancer: bool) -> bool {
        match self.attributes.get(CROSS_ZONE).map(String::as_str) {
            Some("true") => true,
            Some("false") => false,
            _ => balancer,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{
        ForwardActionConfig, TargetDescription, TargetGroupTuple, TargetHealth,
    };

    use super::*;

    fn group(sort: TargetTypeEnum, protocol: ProtocolEnum, attributes: &[(&str, &str)]) -> Group {
        let target = TargetDescription::builder().id("10.0.10.5").port(8080).build();
        let health = TargetHealth::builder().state(TargetHealthStateEnum::Draining).build();
        let target =
            TargetHealthDescription::builder().target(target).target_health(health).build();
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Group {
            described: TargetGroup::builder().target_type(sort).protocol(protocol).port(80).build(),
            targets: vec![target],
            attributes: attributes.iter().map(own).collect(),
        }
    }

    #[test]
    fn an_id_is_the_end_of_the_arn() {
        let arn = "arn:aws:elasticloadbalancing:us-west-2:111111111111:loadbalancer/app/web/01";
        assert_eq!(id_of(arn), "app/web/01");
    }

    #[test]
    fn targets_have_their_port_health_and_settings() {
        let set = [("preserve_client_ip.enabled", "true"), (CROSS_ZONE, "true")];
        let found = group(TargetTypeEnum::Ip, ProtocolEnum::Tcp, &set).targets_of(false, false);
        assert_eq!(found[0].get("address"), &Value::from("10.0.10.5"));
        assert_eq!(found[0].get("port"), &Value::from(8080));
        assert_eq!(found[0].get("state"), &Value::from("draining"));
        assert_eq!(found[0].get("keeps_client"), &Value::Bool(true));
        assert_eq!(found[0].get("cross_zone"), &Value::Bool(true));
    }

    #[test]
    fn who_is_seen_by_default() {
        let keeps = |sort, protocol, udp| {
            let found = group(sort, protocol, &[]).targets_of(udp, false);
            found[0].get("keeps_client") == &Value::Bool(true)
        };
        assert!(keeps(TargetTypeEnum::Instance, ProtocolEnum::Tcp, false));
        assert!(!keeps(TargetTypeEnum::Ip, ProtocolEnum::Tcp, false));
        assert!(!keeps(TargetTypeEnum::Ip, ProtocolEnum::Tls, false));
        assert!(keeps(TargetTypeEnum::Ip, ProtocolEnum::Udp, true));
        assert!(keeps(TargetTypeEnum::Ip, ProtocolEnum::TcpUdp, false));
        assert!(!keeps(TargetTypeEnum::Instance, ProtocolEnum::Http, false));
        assert!(
            group(TargetTypeEnum::Lambda, ProtocolEnum::Http, &[])
                .targets_of(false, true)
                .is_empty()
        );
    }

    #[test]
    fn a_group_of_weight_0_gets_nothing() {
        let tuple = |arn: &str, weight| {
            TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build()
        };
        let config = ForwardActionConfig::builder();
        let config = config.target_groups(tuple("a", 1)).target_groups(tuple("b", 0)).build();
        let weighed = Action::builder().target_group_arn("a").forward_config(config).build();
        let plain = Action::builder().target_group_arn("c").build();
        assert_eq!(forwarded(&[weighed, plain]), ["a".to_owned(), "c".to_owned()].into());
    }
}
