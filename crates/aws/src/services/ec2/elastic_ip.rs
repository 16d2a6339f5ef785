//! An Elastic IP address: a public IPv4 address that stays.

use trueup_model::kind::{After, Output, Permissions, Sample, Settlement, Times, Which};
use trueup_model::{Attribute, Disruption, Kind, Type};

use crate::services::attributes::is_absent;

const DOCUMENTATION: &str = "\
Identity: the tags. The address itself stays the same until it is released.

In place: the instance that it belongs to, and tags. It is moved only from where the plan saw it: what \
has it by then keeps it, and the step fails and names it. A machine that has another address, not of \
this stack, keeps that one: AWS would take it away, so the step fails and names it. Where it belongs to \
an interface that is no instance's, the plan shows that interface.

An address that a NAT gateway uses is released after the gateway is deleted. An account has five in \
each Region unless it asked for more.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new(
                "instance",
                Type::id_of(&["instance"], "i-"),
                "The instance that it belongs to; a NAT gateway names the address itself.",
            )
            .optional()
            .disrupts(Disruption::Brief),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("eipalloc-"), "The allocation's id."),
            Output::new("public_ip", Sample::Format("203.0.113.{ip}"), "The address."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:elastic-ip/{id}"),
                "The address's ARN.",
            ),
        ],
        after: vec![After {
            kind: "internet_gateway",
            which: Which::SameVpc,
            reason: "an address works only in a VPC with an internet gateway",
        }],
        times: Times { create: [1, 1, 3], update: [1, 1, 3], delete: [1, 2, 9] },
        permissions: Permissions {
            read: &["ec2:DescribeAddresses"],
            create: &[
                "ec2:AllocateAddress",
                "ec2:AssociateAddress",
                "ec2:DescribeInstances",
                "ec2:DescribeNetworkInterfaces",
                "ec2:CreateTags",
            ],
            update: &[
                "ec2:AssociateAddress",
                "ec2:DisassociateAddress",
                "ec2:DescribeInstances",
                "ec2:DescribeNetworkInterfaces",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &[
                "ec2:DisassociateAddress",
                "ec2:ReleaseAddress",
                "ec2:DescribeNetworkInterfaces",
                "elasticloadbalancing:DescribeLoadBalancers",
            ],
        },
        settle,
        ..Kind::new("elastic_ip", "ec2", "A public IPv4 address that stays.")
    }
}

/// The id of an interface, where an instance's is wanted.
const INTERFACE: &str = "eni-";

/// Whose interfaces use it is not said here: NAT gateways and load balancers name the address themselves.
fn settle(settlement: &mut Settlement<'_>) {
    let there = settlement.live.map(|live| live.get_attribute("instance"));
    let interface =
        there.filter(|there| there.as_str().is_some_and(|id| id.starts_with(INTERFACE)));
    if let Some(interface) = interface.filter(|_| is_absent(settlement.wanted, "instance")) {
        settlement.wanted.insert("instance".to_owned(), interface.clone().into());
    }
}

#[cfg(feature = "live")]
pub(crate) use live::Calls;

#[cfg(feature = "live")]
mod live {
    use std::time::Duration;

    use async_trait::async_trait;
    use aws_sdk_ec2::types::{Address, DomainType, Filter, ResourceType};
    use trueup_model::Value;
    use trueup_model::snapshot::{Condition, Live, Ownership};
    use trueup_provider::{Call, Create, Delete, Failure, FailureClass, Update, VISIBLE_AFTER};

    use super::INTERFACE;
    use crate::live::blockers::Held;
    use crate::live::describe::{self, Described};
    use crate::live::session::unless_missing;
    use crate::live::tags::{self, filter};
    use crate::live::{Session, owned};
    use crate::partition::ec2_arn;

    const KIND: &str = "elastic_ip";
    const ID: &str = "allocation-id";
    /// How soon an association that is refused is tried again.
    const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

    pub(crate) struct Calls;

    #[async_trait]
    impl Described for Calls {
        const KIND: &str = KIND;
        const ID: &str = ID;

        async fn described(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Live>, Failure> {
            let found = raw(aws, filters).await?;
            Ok(found.iter().map(|address| normalise(aws, address)).collect())
        }
    }

    #[async_trait]
    impl crate::live::Calls for Calls {
        async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
            let id = owned::create_once(aws, KIND, request, || make(aws, request)).await?;
            let live = aws.ready(KIND, &id).await?;
            let wanted = request.attributes.get("instance").and_then(Value::as_str);
            if live.get("instance").as_str() == wanted {
                return Ok(live);
            }
            give_to(aws, &live, wanted, &request.ownership).await?;
            aws.ready(KIND, &id).await
        }

        async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
            if !request.changes("instance") {
                return Ok(());
            }
            let wanted = request.attributes.get("instance").and_then(Value::as_str);
            give_to(aws, &request.before, wanted, &request.ownership).await
        }

        async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
            let id = &request.before.id;
            let Some(address) = described(aws, id).await? else { return Ok(()) };
            let address = &address;
            // What an interface has is released when that is gone; a NAT gateway's cannot be taken away.
            if instance(address).is_some() {
                part(aws, address, &request.before).await?;
            }
            release(aws, id, address).await?;
            aws.gone(KIND, id).await
        }
    }

    async fn make(aws: &Session<'_>, request: &Create) -> Result<String, Failure> {
        let tags = tags::ec2_specification(ResourceType::ElasticIp, &request.all_tags());
        let answer = aws
            .call(Call::once("ec2:AllocateAddress"), || {
                let call = aws.clients.ec2.allocate_address().domain(DomainType::Vpc);
                call.tag_specifications(tags.clone()).send()
            })
            .await?;
        owned::id_of(KIND, answer.allocation_id())
    }

    async fn release(aws: &Session<'_>, id: &str, address: &Address) -> Result<(), Failure> {
        let held = Held::Interface(address.network_interface_id().unwrap_or(NO_INTERFACE));
        let call = Call::repeatable("ec2:ReleaseAddress");
        let released = aws.call_unless_held(call, held, || {
            aws.clients.ec2.release_address().allocation_id(id).send()
        });
        match unless_missing(released.await) {
            // An address that was released and went to another account is refused, not missing.
            Err(failure) if failure.is("AuthFailure") => {
                if described(aws, id).await?.is_none() {
                    Ok(())
                } else {
                    Err(failure)
                }
            }
            other => other.map(|_| ()),
        }
    }

    /// An id that no interface has, for an address that belongs to none.
    const NO_INTERFACE: &str = "eni-none";

    /// Moves the address to an instance, or away from one.
    async fn give_to(
        aws: &Session<'_>,
        before: &Live,
        instance: Option<&str>,
        ours: &Ownership,
    ) -> Result<(), Failure> {
        let id = before.id.as_str();
        if let Some(instance) = instance {
            spares_others(aws, id, instance, ours).await?;
        }
        if let Some(address) = described(aws, id).await?
            && holder(&address) != instance
        {
            part(aws, &address, before).await?;
        }
        if let Some(instance) = instance {
            associate(aws, before, instance).await?;
        }
        shows(aws, id, instance).await
    }

    /// AWS takes away the address that an instance has when it gets another: one that is not the
    /// stack's to move stays. See
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html>.
    async fn spares_others(
        aws: &Session<'_>,
        id: &str,
        instance: &str,
        ours: &Ownership,
    ) -> Result<(), Failure> {
        let mut others = raw(aws, vec![filter("instance-id", [instance.to_owned()])]).await?;
        others.retain(|other| other.allocation_id() != Some(id) && !is_of(other, ours));
        if others.is_empty() {
            return Ok(());
        }
        let machine = describe::instances(aws, vec![filter("instance-id", [instance.to_owned()])]);
        let machine = machine.await?;
        let main = machine.first().and_then(|one| one.private_ip_address());
        // What belongs to a further interface or to a second private address is not touched.
        match others.iter().find(|other| other.private_ip_address() == main) {
            None => Ok(()),
            Some(other) => Err(would_take_away(other, instance)),
        }
    }

    fn is_of(address: &Address, ours: &Ownership) -> bool {
        let (ownership, _) = Ownership::split(tags::of_ec2(address.tags()));
        ownership.other.is_none() && ownership.stack.is_some() && ownership.stack == ours.stack
    }

    fn would_take_away(other: &Address, instance: &str) -> Failure {
        let ip = other.public_ip().unwrap_or_default();
        let id = other.allocation_id().unwrap_or_default();
        let message = format!("{instance} has the address {ip} ({id}), which AWS would take away");
        let mut failure = Failure::new(FailureClass::Invalid, message)
            .help("take that address away from the instance if nobody needs it, then run it again");
        "ec2:AssociateAddress".clone_into(&mut failure.action);
        failure
    }

    /// Takes the address away from what the plan saw it with, and from nothing else.
    async fn part(aws: &Session<'_>, address: &Address, before: &Live) -> Result<(), Failure> {
        match holder(address) {
            None => Ok(()),
            Some(now) if before.get("instance").as_str() == Some(now) => {
                disassociate(aws, address).await
            }
            Some(_) => Err(taken(aws, address, before).await),
        }
    }

    /// Takes the address itself away from nobody: what got it since it was looked at keeps it.
    async fn associate(aws: &Session<'_>, before: &Live, instance: &str) -> Result<(), Failure> {
        let id = before.id.as_str();
        let begin = aws.host.now();
        loop {
            let call = Call::repeatable("ec2:AssociateAddress");
            let given = aws.call_on_new(call, || {
                let call = aws.clients.ec2.associate_address().allocation_id(id);
                call.instance_id(instance).allow_reassociation(false).send()
            });
            let refusal = match given.await {
                Err(refusal) if refusal.is("Resource.AlreadyAssociated") => refusal,
                other => return other.map(|_| ()),
            };
            let Some(address) = described(aws, id).await? else { return Err(refusal) };
            let was = before.get("instance").as_str();
            match holder(&address) {
                // By a call whose answer was lost.
                Some(now) if now == instance => return Ok(()),
                Some(now) if Some(now) != was => return Err(taken(aws, &address, before).await),
                // What it was taken away from a moment ago.
                _ => {}
            }
            let passed = u128::from(aws.host.now().saturating_sub(begin));
            if passed >= VISIBLE_AFTER.as_millis() || !aws.host.rest(LOOK_AGAIN_AFTER).await {
                return Err(refusal);
            }
        }
    }

    async fn taken(aws: &Session<'_>, address: &Address, before: &Live) -> Failure {
        let named = |id: &str| match id.strip_prefix(INTERFACE) {
            Some(_) => format!("network interface {id}"),
            None => format!("instance {id}"),
        };
        let owner = match holder(address) {
            Some(interface) if interface.starts_with(INTERFACE) => {
                aws.owner_of_interface(interface).await
            }
            _ => None,
        };
        let now = owner.or_else(|| holder(address).map(named)).unwrap_or_default();
        let was = before.get("instance").as_str().map_or_else(|| "nothing".to_owned(), named);
        let id = &before.id;
        let message = format!("{id} belongs to {now}; when this was planned it belonged to {was}");
        let mut failure = Failure::new(FailureClass::Invalid, message)
            .help("plan again: the plan then says from what it is taken away");
        "ec2:AssociateAddress".clone_into(&mut failure.action);
        failure
    }

    /// What it belongs to: an instance, or an interface that is no instance's.
    fn holder(address: &Address) -> Option<&str> {
        let interface = || address.network_interface_id().filter(|id| !id.is_empty());
        instance(address).or_else(interface)
    }

    fn instance(address: &Address) -> Option<&str> {
        address.instance_id().filter(|id| !id.is_empty())
    }

    async fn described(aws: &Session<'_>, id: &str) -> Result<Option<Address>, Failure> {
        Ok(raw(aws, vec![filter(ID, [id.to_owned()])]).await?.pop())
    }

    async fn shows(aws: &Session<'_>, id: &str, instance: Option<&str>) -> Result<(), Failure> {
        let shown = move |live: &Live| live.get("instance").as_str() == instance;
        aws.shows(KIND, id, &shown).await.map(|_| ())
    }

    async fn disassociate(aws: &Session<'_>, address: &Address) -> Result<(), Failure> {
        let Some(association) = address.association_id() else { return Ok(()) };
        let gone = aws.call(Call::repeatable("ec2:DisassociateAddress"), || {
            aws.clients.ec2.disassociate_address().association_id(association).send()
        });
        unless_missing(gone.await).map(|_| ())
    }

    /// The read has no pages.
    async fn raw(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Address>, Failure> {
        let answer = aws
            .call(Call::read("ec2:DescribeAddresses"), || {
                aws.clients.ec2.describe_addresses().set_filters(Some(filters.clone())).send()
            })
            .await?;
        Ok(answer.addresses.unwrap_or_default())
    }

    fn normalise(aws: &Session<'_>, address: &Address) -> Live {
        let id = address.allocation_id().unwrap_or_default();
        let attributes = [("instance", describe::text(holder(address)))];
        let arn = ec2_arn(aws.region, aws.account, "elastic-ip", id);
        let outputs = [
            ("id", id.into()),
            ("public_ip", describe::text(address.public_ip())),
            ("arn", arn.into()),
        ];
        describe::live((KIND, id), address.tags(), attributes, outputs, Condition::Ready)
    }
}

#[cfg(test)]
mod tests {
    use trueup_model::expression::Expressions;
    use trueup_model::snapshot::{Condition, Facts, Live, Ownership};
    use trueup_model::value::Values;
    use trueup_model::{Expression, Value};

    use super::*;

    /// What is compared with an address that belongs to `there`.
    fn settled(wanted: Option<&str>, there: &str) -> Option<Value> {
        let named = |value: Value| ("instance".to_owned(), value);
        let live = Live {
            kind: "elastic_ip".into(),
            id: "eipalloc-1".to_owned(),
            ownership: Ownership::default(),
            attributes: [named(there.into())].into(),
            outputs: Values::new(),
            tags: std::collections::BTreeMap::new(),
            condition: Condition::Ready,
            scheduled: Values::new(),
        };
        let (name, value) = named(wanted.into());
        let mut wanted: Expressions = [(name, value.into())].into();
        settle(&mut Settlement {
            address: &"elastic_ip.main".parse().unwrap(),
            region: "us-west-2",
            wanted: &mut wanted,
            live: Some(&live),
            facts: &Facts::default(),
            remarks: &mut Vec::new(),
        });
        wanted.get("instance").and_then(Expression::to_value)
    }

    #[test]
    fn an_address_that_names_no_instance_stays_with_an_interface() {
        assert_eq!(settled(None, "eni-1"), Some("eni-1".into()));
        assert_eq!(
            settled(None, "i-2"),
            Some(Value::Null),
            "that somebody gave it to a machine shows"
        );
        assert_eq!(
            settled(Some("i-1"), "eni-1"),
            Some("i-1".into()),
            "from what it is taken away shows"
        );
    }
}
