//! An Elastic IP address: a public IPv4 address that stays.

use trueup_model::kind::{After, Output, Permissions, Sample, Times, Which};
use trueup_model::{Attribute, Disruption, Kind, Type};

const DOCUMENTATION: &str = "\
Identity: the tags. The address itself stays the same until it is released.

In place: the instance that it belongs to, and tags.

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
            create: &["ec2:AllocateAddress", "ec2:AssociateAddress", "ec2:CreateTags"],
            update: &[
                "ec2:AssociateAddress",
                "ec2:DisassociateAddress",
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
        ..Kind::new("elastic_ip", "ec2", "A public IPv4 address that stays.")
    }
}

#[cfg(feature = "live")]
pub(crate) use live::Calls;

#[cfg(feature = "live")]
mod live {
    use async_trait::async_trait;
    use aws_sdk_ec2::types::{Address, DomainType, Filter, ResourceType};
    use trueup_model::Value;
    use trueup_model::snapshot::{Condition, Live};
    use trueup_provider::{Call, Create, Delete, Failure, Update};

    use crate::live::blockers::Held;
    use crate::live::describe::{self, Described};
    use crate::live::session::unless_missing;
    use crate::live::tags::{self, filter};
    use crate::live::{Session, owned};
    use crate::partition::ec2_arn;

    const KIND: &str = "elastic_ip";
    const ID: &str = "allocation-id";

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
            give_to(aws, &live, wanted).await?;
            aws.ready(KIND, &id).await
        }

        async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
            if !request.changes("instance") {
                return Ok(());
            }
            let wanted = request.attributes.get("instance").and_then(Value::as_str);
            give_to(aws, &request.before, wanted).await
        }

        async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
            let id = &request.before.id;
            let found = raw(aws, vec![filter(ID, [id.to_owned()])]).await?;
            let Some(address) = found.first() else { return Ok(()) };
            // What a NAT gateway uses leaves with the gateway; nobody can take it away before.
            if describe::text(address.instance_id()) != Value::Null {
                disassociate(aws, address).await?;
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
                let left = raw(aws, vec![filter(ID, [id.to_owned()])]).await?;
                if left.is_empty() { Ok(()) } else { Err(failure) }
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
    ) -> Result<(), Failure> {
        let id = before.id.as_str();
        let Some(instance) = instance else {
            for address in raw(aws, vec![filter(ID, [id.to_owned()])]).await? {
                disassociate(aws, &address).await?;
            }
            return shows(aws, id, None).await;
        };
        // In one call from the instance that the plan saw; from anything else it is not ours to take.
        let moves = !before.get("instance").is_null();
        aws.call_on_new(Call::repeatable("ec2:AssociateAddress"), || {
            let call = aws.clients.ec2.associate_address().allocation_id(id);
            call.instance_id(instance).allow_reassociation(moves).send()
        })
        .await?;
        shows(aws, id, Some(instance)).await
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
        let attributes = [("instance", describe::text(address.instance_id()))];
        let arn = ec2_arn(aws.region, aws.account, "elastic-ip", id);
        let outputs = [
            ("id", id.into()),
            ("public_ip", describe::text(address.public_ip())),
            ("arn", arn.into()),
        ];
        describe::live((KIND, id), address.tags(), attributes, outputs, Condition::Ready)
    }
}
