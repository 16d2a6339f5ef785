//! A subnet: a part of a VPC in one availability zone.

use trueup_model::kind::{Completion, Output, Permissions, Replacement, Sample, Times};
use trueup_model::{Attribute, Kind, Type};

use crate::network::{canonical_cidr, check_block_size};
use crate::services::attributes::respell;

const DOCUMENTATION: &str = "\
Identity: the tags; within a VPC also the network, which no other subnet may overlap.

In place: public addresses at launch, IPv6, DNS options, tags. VPC, zone and network replace it; the \
old one goes first, because two subnets cannot have the same network.

`availability_zone` takes the letter alone (`a`) or the whole name (`us-west-2a`). AWS keeps five \
addresses of each subnet for itself.

Deleting waits for the network interfaces in it, above all those of Lambda functions, which stay \
some 20 minutes after the function.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "The VPC.").replaces(),
            Attribute::new("cidr_block", Type::Cidr, "The IPv4 network, /16 to /28, in the VPC's.")
                .replaces(),
            Attribute::new(
                "availability_zone",
                Type::String,
                "The zone: its letter (`a`) or whole name (`us-west-2a`).",
            )
            .unmanaged("AWS picks a zone")
            .replaces(),
            Attribute::new(
                "map_public_ip_on_launch",
                Type::Bool,
                "Whether instances launched here get public addresses.",
            )
            .or(false, "as AWS does; a public address should be asked for")
            .security(),
            Attribute::new("ipv6_cidr_block", Type::Cidr, "The IPv6 network, a /64 of the VPC's.")
                .optional(),
            Attribute::new(
                "assign_ipv6_address_on_creation",
                Type::Bool,
                "Whether network interfaces made here get IPv6 addresses.",
            )
            .or(false, "as AWS does"),
            Attribute::new("enable_dns64", Type::Bool, "Whether the resolver answers with DNS64.")
                .or(false, "as AWS does"),
            Attribute::new(
                "private_dns_hostname_type",
                Type::Enum(&["ip-name", "resource-name"]),
                "What the private DNS names of instances are made of.",
            )
            .or("ip-name", "as AWS does"),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("subnet-"), "The subnet's id."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:subnet/{id}"),
                "The subnet's ARN.",
            ),
        ],
        replacement: Replacement::DeleteFirst {
            claims: &["vpc", "cidr_block"],
            because: "two subnets cannot have the same network",
        },
        times: Times { create: [1, 1, 12], update: [1, 3, 11], delete: [1, 1, 1300] },
        permissions: Permissions {
            read: &["ec2:DescribeSubnets"],
            create: &["ec2:CreateSubnet", "ec2:CreateTags", "ec2:ModifySubnetAttribute"],
            update: &[
                "ec2:ModifySubnetAttribute",
                "ec2:AssociateSubnetCidrBlock",
                "ec2:DisassociateSubnetCidrBlock",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &[
                "ec2:DeleteSubnet",
                "ec2:DescribeNetworkInterfaces",
                "elasticloadbalancing:DescribeLoadBalancers",
                "lambda:ListFunctions",
                "rds:DescribeDBInstances",
            ],
        },
        complete,
        check: |inspection| check_block_size(inspection, "cidr_block"),
        ..Kind::new("subnet", "ec2", "A part of a VPC in one availability zone.")
    }
}

fn complete(completion: &mut Completion<'_>) {
    let region = completion.region;
    respell(completion.attributes, "cidr_block", canonical_cidr);
    respell(completion.attributes, "ipv6_cidr_block", canonical_cidr);
    respell(completion.attributes, "availability_zone", |zone| whole_zone(region, zone));
}

/// `a` in `us-west-2` is `us-west-2a`; a whole name stays.
fn whole_zone(region: &str, zone: &str) -> String {
    if zone.len() == 1 { format!("{region}{zone}") } else { zone.to_owned() }
}

#[cfg(feature = "live")]
pub(crate) use live::Calls;

#[cfg(feature = "live")]
mod live {
    use async_trait::async_trait;
    use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, ResourceType, Subnet};
    use trueup_model::Value;
    use trueup_model::snapshot::{Condition, Live};
    use trueup_model::stack::By;
    use trueup_model::value::Values;
    use trueup_provider::{Call, Create, Delete, Failure, FailureClass, Update};

    use crate::live::blockers::Held;
    use crate::live::describe::{self, Described, PAGE, network};
    use crate::live::session::unless_missing;
    use crate::live::tags::{self, filter};
    use crate::live::{Session, owned};
    use crate::partition::ec2_arn;

    const KIND: &str = "subnet";
    const ID: &str = "subnet-id";

    pub(crate) struct Calls;

    #[async_trait]
    impl Described for Calls {
        const KIND: &str = KIND;
        const ID: &str = ID;
        const MEETS_OTHERS: bool = true;

        async fn described(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Live>, Failure> {
            let found = raw(aws, filters).await?;
            Ok(found.iter().map(|subnet| normalise(aws, subnet)).collect())
        }

        fn filters(by: &By) -> Result<Vec<Filter>, Failure> {
            match by {
                By::Default => Ok(vec![filter("default-for-az", ["true".to_owned()])]),
                other => tags::find_filters(other, ID, KIND),
            }
        }
    }

    #[async_trait]
    impl crate::live::Calls for Calls {
        async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
            let made = owned::create_once(aws, KIND, request, || make(aws, request)).await;
            let id = match made {
                Err(failure) if failure.class == FailureClass::Exists => {
                    match owned::find_own(aws, KIND, request).await? {
                        Some(id) => id,
                        None => return Err(taken(aws, request, failure).await),
                    }
                }
                other => other?,
            };
            let live = aws.ready(KIND, &id).await?;
            let changed = owned::differing(&live, &request.attributes);
            change(aws, &live, &request.attributes, &changed).await?;
            if changed.is_empty() { Ok(live) } else { aws.ready(KIND, &id).await }
        }

        async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
            change(aws, &request.before, &request.attributes, &request.changed).await
        }

        async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
            let id = &request.before.id;
            owned::delete(aws, KIND, id, || {
                aws.call_unless_held(
                    Call::repeatable("ec2:DeleteSubnet"),
                    Held::Subnet(id),
                    move || aws.clients.ec2.delete_subnet().subnet_id(id).send(),
                )
            })
            .await
        }
    }

    async fn make(aws: &Session<'_>, request: &Create) -> Result<String, Failure> {
        let text = |name| owned::wanted_text(&request.attributes, name);
        let specification = tags::ec2_specification(ResourceType::Subnet, &request.all_tags());
        let answer = aws
            .call_on_new(Call::once("ec2:CreateSubnet"), || {
                let call = aws.clients.ec2.create_subnet();
                call.set_vpc_id(text("vpc"))
                    .set_cidr_block(text("cidr_block"))
                    .set_ipv6_cidr_block(text("ipv6_cidr_block"))
                    .set_availability_zone(text("availability_zone"))
                    .tag_specifications(specification.clone())
                    .send()
            })
            .await?;
        owned::id_of(KIND, answer.subnet().and_then(Subnet::subnet_id))
    }

    /// The refusal, with the subnets that the network overlaps.
    async fn taken(aws: &Session<'_>, request: &Create, mut failure: Failure) -> Failure {
        let text = |name: &str| request.attributes.get(name).and_then(Value::as_str);
        let (Some(vpc), Some(wanted)) = (text("vpc"), text("cidr_block")) else { return failure };
        let by = filter("vpc-id", [vpc.to_owned()]);
        // Who may not look still learns what AWS said.
        for other in Calls::described(aws, vec![by]).await.unwrap_or_default() {
            let network = other.get("cidr_block").as_str().unwrap_or_default();
            if overlap(network, wanted) {
                failure.help.push(format!(
                    "{} has {network}: choose another `cidr_block`, or take that subnet over with \
                     `adopt: {}`",
                    other.id, other.id
                ));
            }
        }
        failure
    }

    fn overlap(one: &str, other: &str) -> bool {
        let parse = |text: &str| text.parse::<ipnet::IpNet>().ok();
        match (parse(one), parse(other)) {
            (Some(one), Some(other)) => one.contains(&other) || other.contains(&one),
            _ => false,
        }
    }

    /// AWS takes one attribute a call, and the next only after the first shows.
    async fn change(
        aws: &Session<'_>,
        before: &Live,
        wanted: &Values,
        changed: &[String],
    ) -> Result<(), Failure> {
        // Addresses are handed out only while there is a block: off before it goes, on after it came.
        const ASSIGN: &str = "assign_ipv6_address_on_creation";
        let differs = |name: &str| changed.iter().any(|changed| changed == name);
        let assign = wanted.get(ASSIGN) == Some(&Value::Bool(true));
        if differs(ASSIGN) && !assign {
            modify(aws, &before.id, wanted, ASSIGN).await?;
        }
        if differs("ipv6_cidr_block") {
            change_block(aws, &before.id, wanted).await?;
        }
        let simple = ["map_public_ip_on_launch", "enable_dns64", "private_dns_hostname_type"];
        for name in simple.into_iter().filter(|name| differs(name)) {
            modify(aws, &before.id, wanted, name).await?;
        }
        if differs(ASSIGN) && assign {
            modify(aws, &before.id, wanted, ASSIGN).await?;
        }
        Ok(())
    }

    async fn modify(
        aws: &Session<'_>,
        id: &str,
        wanted: &Values,
        name: &str,
    ) -> Result<(), Failure> {
        let Some(value) = wanted.get(name) else { return Ok(()) };
        let switch = AttributeBooleanValue::builder().set_value(value.as_bool()).build();
        aws.call_on_new(Call::repeatable("ec2:ModifySubnetAttribute"), || {
            let call = aws.clients.ec2.modify_subnet_attribute().subnet_id(id);
            let call = match name {
                "map_public_ip_on_launch" => call.map_public_ip_on_launch(switch.clone()),
                "assign_ipv6_address_on_creation" => {
                    call.assign_ipv6_address_on_creation(switch.clone())
                }
                "enable_dns64" => call.enable_dns64(switch.clone()),
                _ => call.set_private_dns_hostname_type_on_launch(value.as_str().map(Into::into)),
            };
            call.send()
        })
        .await?;
        aws.shows(KIND, id, &|live| live.get(name) == value).await.map(|_| ())
    }

    /// A subnet has one IPv6 block: the old one goes before the new one comes.
    async fn change_block(aws: &Session<'_>, id: &str, wanted: &Values) -> Result<(), Failure> {
        const NAME: &str = "ipv6_cidr_block";
        let block = wanted.get(NAME).and_then(Value::as_str);
        for subnet in raw(aws, vec![filter(ID, [id.to_owned()])]).await? {
            for association in subnet.ipv6_cidr_block_association_set() {
                let leaves = association.ipv6_cidr_block() != block
                    && network::is_there(association.ipv6_cidr_block_state());
                if let (true, Some(association)) = (leaves, association.association_id()) {
                    let call = Call::repeatable("ec2:DisassociateSubnetCidrBlock");
                    let gone = aws.call(call, || {
                        let call = aws.clients.ec2.disassociate_subnet_cidr_block();
                        call.association_id(association).send()
                    });
                    unless_missing(gone.await)?;
                }
            }
        }
        let settled = |live: &Live| {
            let there = live.get(NAME);
            there.is_null() || there.as_str() == block
        };
        let there = aws.shows(KIND, id, &settled).await?;
        if let (Some(block), true) = (block, there.get(NAME).is_null()) {
            aws.call_on_new(Call::once("ec2:AssociateSubnetCidrBlock"), || {
                let call = aws.clients.ec2.associate_subnet_cidr_block().subnet_id(id);
                call.ipv6_cidr_block(block).send()
            })
            .await?;
        }
        aws.shows(KIND, id, &|live| live.get(NAME).as_str() == block).await.map(|_| ())
    }

    async fn raw(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Subnet>, Failure> {
        aws.pages(
            Call::read("ec2:DescribeSubnets"),
            |next| {
                let call = aws.clients.ec2.describe_subnets().max_results(PAGE);
                call.set_filters(Some(filters.clone())).set_next_token(next).send()
            },
            |page| (page.subnets.unwrap_or_default(), page.next_token),
        )
        .await
    }

    fn normalise(aws: &Session<'_>, subnet: &Subnet) -> Live {
        let id = subnet.subnet_id().unwrap_or_default();
        let mut blocks = subnet.ipv6_cidr_block_association_set().iter();
        let block =
            blocks.find(|association| network::is_there(association.ipv6_cidr_block_state()));
        let names = subnet.private_dns_name_options_on_launch();
        let names = names
            .and_then(|options| options.hostname_type())
            .map(aws_sdk_ec2::types::HostnameType::as_str);
        let switch = |on: Option<bool>| Value::Bool(on.unwrap_or_default());
        let attributes = [
            ("vpc", describe::text(subnet.vpc_id())),
            ("cidr_block", describe::text(subnet.cidr_block())),
            ("availability_zone", describe::text(subnet.availability_zone())),
            ("map_public_ip_on_launch", switch(subnet.map_public_ip_on_launch())),
            ("ipv6_cidr_block", describe::text(block.and_then(|block| block.ipv6_cidr_block()))),
            ("assign_ipv6_address_on_creation", switch(subnet.assign_ipv6_address_on_creation())),
            ("enable_dns64", switch(subnet.enable_dns64())),
            ("private_dns_hostname_type", names.unwrap_or("ip-name").into()),
        ];
        let arn = ec2_arn(aws.region, aws.account, KIND, id);
        let outputs = [("id", id.into()), ("arn", arn.into())];
        describe::live((KIND, id), subnet.tags(), attributes, outputs, condition(subnet))
    }

    fn condition(subnet: &Subnet) -> Condition {
        let blocks = subnet.ipv6_cidr_block_association_set().iter();
        let mut states = blocks.map(|association| association.ipv6_cidr_block_state());
        match subnet.state().map_or("available", |state| state.as_str()) {
            "available" => match states.find_map(network::on_its_way) {
                None => Condition::Ready,
                Some(state) => Condition::Pending(format!("{state} a network")),
            },
            state @ ("failed" | "failed-insufficient-capacity" | "unavailable") => {
                Condition::Failed(state.to_owned())
            }
            other => Condition::Pending(other.to_owned()),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::overlap;

        #[test]
        fn networks_overlap_whole_or_not_at_all() {
            assert!(overlap("10.0.0.0/16", "10.0.1.0/24") && overlap("10.0.1.0/24", "10.0.0.0/16"));
            assert!(!overlap("10.0.0.0/24", "10.0.1.0/24"));
        }
    }
}
