//! A virtual private cloud.

use trueup_model::kind::{Output, Permissions, Replacement, Sample, Times};
use trueup_model::{Attribute, Kind, Type, Value};

use crate::network::{canonical_cidr, check_block_size};
use crate::services::attributes::respell;

const DOCUMENTATION: &str = "\
Identity: the tags; a VPC has no name that AWS knows.

In place: DNS support and host names, secondary networks, the IPv6 block, tags. The primary network \
and the tenancy replace it, and with it everything inside.

The main route table, the default security group and the default network ACL come and go with the \
VPC; they are neither managed nor deleted on their own.

Public databases and private DNS of interface endpoints want both DNS options.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("cidr_block", Type::Cidr, "The primary IPv4 network, /16 to /28.")
                .replaces(),
            Attribute::new(
                "secondary_cidr_blocks",
                Type::Cidr.set(),
                "Further IPv4 networks, at most four.",
            )
            .or(Value::List(Vec::new()), "a VPC has one network at first"),
            Attribute::new(
                "assign_generated_ipv6_cidr_block",
                Type::Bool,
                "Whether it gets a /56 of Amazon's IPv6 addresses.",
            )
            .or(false, "as AWS does"),
            Attribute::new(
                "instance_tenancy",
                Type::Enum(&["default", "dedicated"]),
                "Whether instances run on hardware of their own.",
            )
            .or("default", "dedicated hardware costs extra")
            .replaces(),
            Attribute::new("enable_dns_support", Type::Bool, "Whether Amazon's resolver answers.")
                .or(true, "as AWS does"),
            Attribute::new(
                "enable_dns_hostnames",
                Type::Bool,
                "Whether instances with public addresses get public DNS names.",
            )
            .or(false, "as AWS does for a VPC that is not the default one"),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("vpc-"), "The VPC's id."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:vpc/{id}"),
                "The VPC's ARN.",
            ),
            Output::new(
                "ipv6_cidr_block",
                Sample::Format("2600:1f14:{hex}00::/56"),
                "The IPv6 network, if it has one.",
            )
            .volatile(),
        ],
        replacement: Replacement::CreateFirst,
        times: Times { create: [1, 2, 11], update: [1, 2, 11], delete: [1, 1, 3] },
        permissions: Permissions {
            read: &["ec2:DescribeVpcs", "ec2:DescribeVpcAttribute"],
            create: &[
                "ec2:CreateVpc",
                "ec2:CreateTags",
                "ec2:ModifyVpcAttribute",
                "ec2:AssociateVpcCidrBlock",
            ],
            update: &[
                "ec2:ModifyVpcAttribute",
                "ec2:AssociateVpcCidrBlock",
                "ec2:DisassociateVpcCidrBlock",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            // All but the first are to say who holds it when AWS refuses.
            delete: &[
                "ec2:DeleteVpc",
                "ec2:DescribeCarrierGateways",
                "ec2:DescribeEgressOnlyInternetGateways",
                "ec2:DescribeInternetGateways",
                "ec2:DescribeNetworkAcls",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeRouteTables",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeTransitGatewayVpcAttachments",
                "ec2:DescribeVpcEndpoints",
                "ec2:DescribeVpcPeeringConnections",
                "ec2:DescribeVpnGateways",
                "elasticloadbalancing:DescribeLoadBalancers",
                "lambda:ListFunctions",
                "rds:DescribeDBInstances",
            ],
        },
        complete: |completion| respell(completion.attributes, "cidr_block", canonical_cidr),
        check: |inspection| check_block_size(inspection, "cidr_block"),
        ..Kind::new("vpc", "ec2", "A virtual private cloud.")
    }
}

#[cfg(feature = "live")]
pub(crate) use live::Calls;

#[cfg(feature = "live")]
mod live {
    use std::collections::BTreeMap;

    use async_trait::async_trait;
    use aws_sdk_ec2::types::{Filter, ResourceType, Vpc, VpcAttributeName};
    use futures::future::try_join_all;
    use trueup_model::Value;
    use trueup_model::snapshot::{Condition, Live};
    use trueup_model::stack::By;
    use trueup_provider::{Call, Create, Delete, Failure, Update};

    use crate::live::blockers::Held;
    use crate::live::describe::{self, Described, PAGE, network};
    use crate::live::session::unless_missing;
    use crate::live::tags;
    use crate::live::{Session, owned};
    use crate::partition::ec2_arn;

    const KIND: &str = "vpc";
    const ID: &str = "vpc-id";

    pub(crate) struct Calls;

    #[async_trait]
    impl Described for Calls {
        const KIND: &str = KIND;
        const ID: &str = ID;

        async fn described(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Live>, Failure> {
            let found = raw(aws, filters).await?;
            let found = try_join_all(found.iter().map(|vpc| detailed(aws, vpc))).await?;
            Ok(found.into_iter().flatten().collect())
        }

        fn filters(by: &By) -> Result<Vec<Filter>, Failure> {
            match by {
                By::Default => Ok(vec![tags::filter("is-default", ["true".to_owned()])]),
                other => tags::find_filters(other, ID, KIND),
            }
        }
    }

    #[async_trait]
    impl crate::live::Calls for Calls {
        async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
            let id = owned::create_once(aws, KIND, request, || make(aws, request)).await?;
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
                aws.call_unless_held(Call::repeatable("ec2:DeleteVpc"), Held::Vpc(id), move || {
                    aws.clients.ec2.delete_vpc().vpc_id(id).send()
                })
            })
            .await
        }
    }

    async fn make(aws: &Session<'_>, request: &Create) -> Result<String, Failure> {
        let wish = &request.attributes;
        let text = |name| owned::wanted_text(wish, name);
        let ipv6 = owned::wanted_bool(wish, "assign_generated_ipv6_cidr_block");
        let specification = tags::ec2_specification(ResourceType::Vpc, &request.all_tags());
        let answer = aws
            .call(Call::once("ec2:CreateVpc"), || {
                let call = aws.clients.ec2.create_vpc();
                call.set_cidr_block(text("cidr_block"))
                    .set_instance_tenancy(text("instance_tenancy").as_deref().map(Into::into))
                    .set_amazon_provided_ipv6_cidr_block(ipv6)
                    .tag_specifications(specification.clone())
                    .send()
            })
            .await?;
        owned::id_of(KIND, answer.vpc().and_then(|vpc| vpc.vpc_id()))
    }

    async fn change(
        aws: &Session<'_>,
        before: &Live,
        wanted: &BTreeMap<String, Value>,
        changed: &[String],
    ) -> Result<(), Failure> {
        let differs = |name: &str| changed.iter().any(|changed| changed == name);
        // Host names want support, so support is switched on first and off last. EC2 takes one of
        // them a call, and the next only after the first shows.
        let support = wanted.get("enable_dns_support").and_then(Value::as_bool).unwrap_or(true);
        let mut switches = ["enable_dns_support", "enable_dns_hostnames"];
        if !support {
            switches.reverse();
        }
        for name in switches.into_iter().filter(|name| differs(name)) {
            let on = wanted.get(name).and_then(Value::as_bool).unwrap_or_default();
            switch(aws, &before.id, name, on).await?;
            aws.shows(KIND, &before.id, &|live| live.get(name) == &Value::Bool(on)).await?;
        }
        if differs("secondary_cidr_blocks") {
            change_blocks(aws, before, wanted).await?;
        }
        if differs("assign_generated_ipv6_cidr_block") {
            change_ipv6(aws, before, wanted).await?;
        }
        Ok(())
    }

    async fn switch(aws: &Session<'_>, id: &str, name: &str, on: bool) -> Result<(), Failure> {
        let value = aws_sdk_ec2::types::AttributeBooleanValue::builder().value(on).build();
        aws.call_on_new(Call::repeatable("ec2:ModifyVpcAttribute"), || {
            let call = aws.clients.ec2.modify_vpc_attribute().vpc_id(id);
            let call = if name == "enable_dns_support" {
                call.enable_dns_support(value.clone())
            } else {
                call.enable_dns_hostnames(value.clone())
            };
            call.send()
        })
        .await
        .map(|_| ())
    }

    async fn change_blocks(
        aws: &Session<'_>,
        before: &Live,
        wanted: &BTreeMap<String, Value>,
    ) -> Result<(), Failure> {
        let there = before.get("secondary_cidr_blocks").strings();
        let wanted = wanted.get("secondary_cidr_blocks").map(Value::strings).unwrap_or_default();
        for block in wanted.iter().filter(|block| !there.contains(block)) {
            aws.call_on_new(Call::once("ec2:AssociateVpcCidrBlock"), || {
                let call = aws.clients.ec2.associate_vpc_cidr_block().vpc_id(&before.id);
                call.cidr_block(block).send()
            })
            .await?;
        }
        let leaving: Vec<&String> = there.iter().filter(|block| !wanted.contains(block)).collect();
        if !leaving.is_empty() {
            for vpc in raw(aws, vec![tags::filter("vpc-id", [before.id.clone()])]).await? {
                for association in vpc.cidr_block_association_set() {
                    let block = association.cidr_block().unwrap_or_default();
                    let is_there = network::is_there(association.cidr_block_state());
                    if is_there && leaving.iter().any(|leaving| *leaving == block) {
                        disassociate(aws, association.association_id()).await?;
                    }
                }
            }
        }
        let shown = move |live: &Live| {
            owned::same_set(&live.get("secondary_cidr_blocks").strings(), &wanted)
        };
        aws.shows(KIND, &before.id, &shown).await.map(|_| ())
    }

    async fn change_ipv6(
        aws: &Session<'_>,
        before: &Live,
        wanted: &BTreeMap<String, Value>,
    ) -> Result<(), Failure> {
        const NAME: &str = "assign_generated_ipv6_cidr_block";
        let on = wanted.get(NAME).and_then(Value::as_bool).unwrap_or_default();
        if on {
            aws.call_on_new(Call::once("ec2:AssociateVpcCidrBlock"), || {
                let call = aws.clients.ec2.associate_vpc_cidr_block().vpc_id(&before.id);
                call.amazon_provided_ipv6_cidr_block(true).send()
            })
            .await?;
        } else {
            for vpc in raw(aws, vec![tags::filter("vpc-id", [before.id.clone()])]).await? {
                for association in vpc.ipv6_cidr_block_association_set() {
                    if network::is_there(association.ipv6_cidr_block_state()) {
                        disassociate(aws, association.association_id()).await?;
                    }
                }
            }
        }
        aws.shows(KIND, &before.id, &|live| live.get(NAME) == &Value::Bool(on)).await.map(|_| ())
    }

    async fn disassociate(aws: &Session<'_>, association: Option<&str>) -> Result<(), Failure> {
        let Some(association) = association else { return Ok(()) };
        let gone = aws.call(Call::repeatable("ec2:DisassociateVpcCidrBlock"), || {
            aws.clients.ec2.disassociate_vpc_cidr_block().association_id(association).send()
        });
        unless_missing(gone.await).map(|_| ())
    }

    async fn raw(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Vpc>, Failure> {
        aws.pages(
            Call::read("ec2:DescribeVpcs"),
            |next| {
                let call = aws.clients.ec2.describe_vpcs().max_results(PAGE);
                call.set_filters(Some(filters.clone())).set_next_token(next).send()
            },
            |page| (page.vpcs.unwrap_or_default(), page.next_token),
        )
        .await
    }

    /// None, if it has gone since it was listed.
    async fn detailed(aws: &Session<'_>, vpc: &Vpc) -> Result<Option<Live>, Failure> {
        let id = vpc.vpc_id().unwrap_or_default();
        let details = futures::try_join!(
            attribute(aws, id, VpcAttributeName::EnableDnsSupport),
            attribute(aws, id, VpcAttributeName::EnableDnsHostnames),
        );
        Ok(unless_missing(details)?.map(|details| normalise(aws, vpc, details)))
    }

    fn normalise(aws: &Session<'_>, vpc: &Vpc, (support, hostnames): (bool, bool)) -> Live {
        let id = vpc.vpc_id().unwrap_or_default();
        let primary = vpc.cidr_block().unwrap_or_default();
        let blocks = vpc.cidr_block_association_set().iter();
        let secondary: Value = blocks
            .filter(|association| network::is_there(association.cidr_block_state()))
            .filter_map(|association| association.cidr_block())
            .filter(|block| *block != primary)
            .collect();
        let mut blocks = vpc.ipv6_cidr_block_association_set().iter();
        let ipv6 =
            blocks.find(|association| network::is_there(association.ipv6_cidr_block_state()));
        let ipv6_block = ipv6.and_then(|association| association.ipv6_cidr_block());
        let tenancy = vpc.instance_tenancy().map(aws_sdk_ec2::types::Tenancy::as_str);
        let attributes = [
            ("cidr_block", primary.into()),
            ("secondary_cidr_blocks", secondary),
            ("assign_generated_ipv6_cidr_block", ipv6.is_some().into()),
            ("instance_tenancy", describe::text(tenancy)),
            ("enable_dns_support", support.into()),
            ("enable_dns_hostnames", hostnames.into()),
        ];
        let outputs = [
            ("id", id.into()),
            ("arn", ec2_arn(aws.region, aws.account, KIND, id).into()),
            ("ipv6_cidr_block", describe::text(ipv6_block)),
        ];
        describe::live((KIND, id), vpc.tags(), attributes, outputs, condition(vpc))
    }

    /// The blocks have states of their own: one on its way is not asked for again, it is waited for.
    fn condition(vpc: &Vpc) -> Condition {
        let v4 = vpc.cidr_block_association_set().iter().map(|one| one.cidr_block_state());
        let v6 = vpc.ipv6_cidr_block_association_set().iter();
        let v6 = v6.map(|one| one.ipv6_cidr_block_state());
        match vpc.state().map_or("available", |state| state.as_str()) {
            "available" => match v4.chain(v6).find_map(network::on_its_way) {
                None => Condition::Ready,
                Some(state) => Condition::Pending(format!("{state} a network")),
            },
            other => Condition::Pending(other.to_owned()),
        }
    }

    async fn attribute(
        aws: &Session<'_>,
        id: &str,
        name: VpcAttributeName,
    ) -> Result<bool, Failure> {
        let answer = aws
            .call(Call::read("ec2:DescribeVpcAttribute"), || {
                aws.clients.ec2.describe_vpc_attribute().vpc_id(id).attribute(name.clone()).send()
            })
            .await?;
        let value = match name {
            VpcAttributeName::EnableDnsSupport => answer.enable_dns_support(),
            _ => answer.enable_dns_hostnames(),
        };
        Ok(value.and_then(aws_sdk_ec2::types::AttributeBooleanValue::value).unwrap_or_default())
    }
}
