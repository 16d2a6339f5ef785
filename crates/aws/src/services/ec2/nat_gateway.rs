//! A NAT gateway: lets private subnets reach the internet, but not the other way.

use trueup_model::kind::{
    After, Idempotency, Inspection, Output, Permissions, Replacement, Sample, Times, Which,
};
use trueup_model::{Attribute, Kind, Type, Value};

use crate::services::attributes::{fault, is_absent, text};

const DOCUMENTATION: &str = "\
Identity: the tags. Creating one is protected by a client token.

Everything but secondary addresses and tags replaces it. The old one is deleted first, because an \
Elastic IP belongs to one gateway at a time: until the new one stands, some three minutes, its \
subnets have no way out. Deleting and pending gateways count against the quota (5 in each zone).

A public gateway wants an Elastic IP, and an internet gateway attached to the VPC before it is made. \
One that AWS could not set up stays in state `failed` for about an hour; it is replaced.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("subnet", Type::id_of(&["subnet"], "subnet-"), "Where it stands.")
                .replaces(),
            Attribute::new(
                "elastic_ip",
                Type::id_of(&["elastic_ip"], "eipalloc-"),
                "Its public address; a private gateway has none.",
            )
            .optional()
            .replaces(),
            Attribute::new(
                "connectivity_type",
                Type::Enum(&["public", "private"]),
                "Whether it leads to the internet or only to other networks.",
            )
            .or("public", "as AWS does")
            .replaces(),
            Attribute::new("private_ip", Type::String, "Its address in the subnet.")
                .unmanaged("AWS picks a free one")
                .replaces(),
            Attribute::new(
                "secondary_elastic_ips",
                Type::id_of(&["elastic_ip"], "eipalloc-").set(),
                "Further public addresses, for more connections to one destination.",
            )
            .or(Value::List(Vec::new()), "one address carries 55,000 connections"),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("nat-"), "The gateway's id."),
            Output::new("public_ip", Sample::Format("203.0.113.{ip}"), "Its public address."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:natgateway/{id}"),
                "The gateway's ARN.",
            ),
        ],
        replacement: Replacement::DeleteFirst {
            claims: &["elastic_ip"],
            because: "its address belongs to one gateway at a time",
        },
        after: vec![After {
            kind: "internet_gateway",
            which: Which::SameVpc,
            reason: "AWS refuses a public NAT gateway in a VPC without an internet gateway",
        }],
        times: Times { create: [94, 107, 124], update: [30, 60, 120], delete: [37, 55, 80] },
        permissions: Permissions {
            read: &["ec2:DescribeNatGateways"],
            create: &["ec2:CreateNatGateway", "ec2:CreateTags"],
            update: &[
                "ec2:AssociateNatGatewayAddress",
                "ec2:DisassociateNatGatewayAddress",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &["ec2:DeleteNatGateway"],
        },
        idempotency: Idempotency::Token,
        check,
        ..Kind::new(
            "nat_gateway",
            "ec2",
            "Lets private subnets reach the internet, but not the other way.",
        )
    }
}

fn check(inspection: &mut Inspection<'_>) {
    let public = text(inspection.attributes, "connectivity_type") == Some("public");
    match (public, is_absent(inspection.attributes, "elastic_ip")) {
        (true, true) => fault(
            inspection,
            "elastic_ip",
            "a public NAT gateway needs an address",
            "add `elastic_ip: NAME` and, in section `elastic_ip`, `NAME: {}`",
        ),
        (false, false) => fault(
            inspection,
            "elastic_ip",
            "a private NAT gateway has no public address",
            "leave `elastic_ip` out",
        ),
        _ => {}
    }
}

#[cfg(feature = "live")]
pub(crate) use live::Calls;

#[cfg(feature = "live")]
mod live {
    use async_trait::async_trait;
    use aws_sdk_ec2::types::{Filter, NatGateway, NatGatewayAddress, ResourceType};
    use trueup_model::Value;
    use trueup_model::snapshot::{Condition, Live};
    use trueup_provider::{Call, Create, Delete, Failure, Update};

    use crate::live::Session;
    use crate::live::describe::{self, Described, PAGE};
    use crate::live::owned::{self, Made};
    use crate::live::session::unless_missing;
    use crate::live::tags::{self, filter};
    use crate::partition::ec2_arn;

    const KIND: &str = "nat_gateway";
    const ID: &str = "nat-gateway-id";
    const SECONDARY: &str = "secondary_elastic_ips";

    pub(crate) struct Calls;

    #[async_trait]
    impl Described for Calls {
        const KIND: &str = KIND;
        const ID: &str = ID;
        const MEETS_OTHERS: bool = true;

        async fn described(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Live>, Failure> {
            let found = raw(aws, filters).await?;
            Ok(found.iter().map(|gateway| normalise(aws, gateway)).collect())
        }
    }

    #[async_trait]
    impl crate::live::Calls for Calls {
        async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
            let id = owned::create_by_token(request, |token| make(aws, request, token)).await?;
            aws.ready(KIND, &id).await
        }

        async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
            if !request.changes(SECONDARY) {
                return Ok(());
            }
            let wanted = request.attributes.get(SECONDARY).map(Value::strings).unwrap_or_default();
            change_addresses(aws, &request.id, wanted).await
        }

        async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
            let id = &request.before.id;
            owned::delete(aws, KIND, id, || remove(aws, id)).await
        }
    }

    async fn make(aws: &Session<'_>, request: &Create, token: String) -> Result<Made, Failure> {
        let text = |name| owned::wanted_text(&request.attributes, name);
        let secondary = request.attributes.get(SECONDARY).map(Value::strings).unwrap_or_default();
        let secondary = Some(secondary).filter(|addresses| !addresses.is_empty());
        let tags = tags::ec2_specification(ResourceType::Natgateway, &request.all_tags());
        let answer = aws
            .call_on_new(Call::repeatable("ec2:CreateNatGateway"), || {
                let call = aws.clients.ec2.create_nat_gateway().client_token(&token);
                call.set_subnet_id(text("subnet"))
                    .set_allocation_id(text("elastic_ip"))
                    .set_connectivity_type(text("connectivity_type").as_deref().map(Into::into))
                    .set_private_ip_address(text("private_ip"))
                    .set_secondary_allocation_ids(secondary.clone())
                    .tag_specifications(tags.clone())
                    .send()
            })
            .await?;
        let id = owned::id_of(KIND, answer.nat_gateway().and_then(NatGateway::nat_gateway_id))?;
        let look = || async {
            let found = raw_in_any_state(aws, vec![filter(ID, [id.clone()])]).await?;
            Ok(found.first().map(condition))
        };
        let is_dead = owned::is_dead(aws.host, look, || remove(aws, &id)).await?;
        Ok(Made { id, is_dead })
    }

    async fn remove(aws: &Session<'_>, id: &str) -> Result<(), Failure> {
        let call = Call::repeatable("ec2:DeleteNatGateway");
        aws.call(call, || aws.clients.ec2.delete_nat_gateway().nat_gateway_id(id).send()).await?;
        Ok(())
    }

    async fn change_addresses(
        aws: &Session<'_>,
        id: &str,
        wanted: Vec<String>,
    ) -> Result<(), Failure> {
        let found = raw(aws, vec![filter(ID, [id.to_owned()])]).await?;
        let addresses: Vec<&NatGatewayAddress> = found.iter().flat_map(secondary).collect();
        let there = |wanted: &String| {
            addresses.iter().any(|address| address.allocation_id() == Some(wanted.as_str()))
        };
        let coming: Vec<String> = wanted.iter().filter(|one| !there(one)).cloned().collect();
        if !coming.is_empty() {
            let associated = aws.call_on_new(Call::once("ec2:AssociateNatGatewayAddress"), || {
                let call = aws.clients.ec2.associate_nat_gateway_address().nat_gateway_id(id);
                call.set_allocation_ids(Some(coming.clone())).send()
            });
            associated.await?;
        }
        let leaving = addresses.iter().filter(|address| {
            !wanted.iter().any(|wanted| address.allocation_id() == Some(wanted.as_str()))
        });
        let leaving: Vec<String> =
            leaving.filter_map(|address| address.association_id()).map(str::to_owned).collect();
        if !leaving.is_empty() {
            let call = Call::repeatable("ec2:DisassociateNatGatewayAddress");
            let gone = aws.call(call, || {
                let call = aws.clients.ec2.disassociate_nat_gateway_address().nat_gateway_id(id);
                call.set_association_ids(Some(leaving.clone())).send()
            });
            unless_missing(gone.await)?;
        }
        let shown = move |live: &Live| owned::same_set(&live.get(SECONDARY).strings(), &wanted);
        aws.shows(KIND, id, &shown).await.map(|_| ())
    }

    /// Deleted gateways stay in answers for about an hour: they are left out.
    async fn raw(aws: &Session<'_>, mut filters: Vec<Filter>) -> Result<Vec<NatGateway>, Failure> {
        let states = ["pending", "available", "failed", "deleting"];
        filters.push(filter("state", states.map(str::to_owned)));
        raw_in_any_state(aws, filters).await
    }

    async fn raw_in_any_state(
        aws: &Session<'_>,
        filters: Vec<Filter>,
    ) -> Result<Vec<NatGateway>, Failure> {
        aws.pages(
            Call::read("ec2:DescribeNatGateways"),
            |next| {
                let call = aws.clients.ec2.describe_nat_gateways().max_results(PAGE);
                // Alone with the read of flow logs, it calls the argument `Filter`.
                call.set_filter(Some(filters.clone())).set_next_token(next).send()
            },
            |page| (page.nat_gateways.unwrap_or_default(), page.next_token),
        )
        .await
    }

    /// The address that the gateway was made with.
    fn primary(gateway: &NatGateway) -> Option<&NatGatewayAddress> {
        let addresses = gateway.nat_gateway_addresses();
        addresses
            .iter()
            .find(|address| address.is_primary() == Some(true))
            .or_else(|| addresses.iter().find(|address| address.is_primary().is_none()))
    }

    fn secondary(gateway: &NatGateway) -> impl Iterator<Item = &NatGatewayAddress> {
        gateway.nat_gateway_addresses().iter().filter(|address| {
            let status = address.status().map_or("succeeded", |status| status.as_str());
            address.is_primary() == Some(false) && !matches!(status, "failed" | "unassigning")
        })
    }

    fn normalise(aws: &Session<'_>, gateway: &NatGateway) -> Live {
        let id = gateway.nat_gateway_id().unwrap_or_default();
        let first = primary(gateway);
        let further: Value = secondary(gateway).filter_map(|one| one.allocation_id()).collect();
        let connectivity = gateway.connectivity_type().map_or("public", |kind| kind.as_str());
        let attributes = [
            ("subnet", describe::text(gateway.subnet_id())),
            ("elastic_ip", describe::text(first.and_then(|one| one.allocation_id()))),
            ("connectivity_type", connectivity.into()),
            ("private_ip", describe::text(first.and_then(|one| one.private_ip()))),
            (SECONDARY, further),
        ];
        let arn = ec2_arn(aws.region, aws.account, "natgateway", id);
        let outputs = [
            ("id", id.into()),
            ("public_ip", describe::text(first.and_then(|one| one.public_ip()))),
            ("arn", arn.into()),
        ];
        describe::live((KIND, id), gateway.tags(), attributes, outputs, condition(gateway))
    }

    fn condition(gateway: &NatGateway) -> Condition {
        let state = gateway.state().map_or("available", |state| state.as_str());
        let moving = secondary(gateway).find_map(|address| {
            let status = address.status()?.as_str();
            matches!(status, "assigning" | "associating" | "disassociating").then_some(status)
        });
        match (state, moving) {
            ("available", None) => Condition::Ready,
            ("available", Some(status)) => Condition::Pending(format!("{status} an address")),
            ("failed", _) => {
                let code = gateway.failure_code().unwrap_or("no code");
                let message = gateway.failure_message().unwrap_or("no message");
                Condition::Failed(format!("failed: {code}: {message}"))
            }
            ("deleting" | "deleted", _) => Condition::Deleting(state.to_owned()),
            (other, _) => Condition::Pending(other.to_owned()),
        }
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_ec2::types::{NatGatewayAddressStatus, NatGatewayState};

        use super::*;

        fn address(
            id: &str,
            is_primary: bool,
            status: NatGatewayAddressStatus,
        ) -> NatGatewayAddress {
            let address = NatGatewayAddress::builder().allocation_id(id).is_primary(is_primary);
            address.status(status).build()
        }

        #[test]
        fn an_address_on_the_move_is_pending() {
            let gateway = NatGateway::builder()
                .state(NatGatewayState::Available)
                .nat_gateway_addresses(address("a", true, NatGatewayAddressStatus::Succeeded))
                .nat_gateway_addresses(address("b", false, NatGatewayAddressStatus::Associating))
                .nat_gateway_addresses(address("c", false, NatGatewayAddressStatus::Failed))
                .build();
            assert_eq!(condition(&gateway), Condition::Pending("associating an address".into()));
            assert_eq!(primary(&gateway).and_then(|one| one.allocation_id()), Some("a"));
            let further: Vec<_> = secondary(&gateway).filter_map(|a| a.allocation_id()).collect();
            assert_eq!(further, ["b"]);
        }

        #[test]
        fn a_failed_gateway_says_why() {
            let gateway = NatGateway::builder()
                .state(NatGatewayState::Failed)
                .failure_code("Gateway.NotAttached")
                .failure_message("Network vpc-1 has no Internet gateway attached")
                .build();
            let why = "failed: Gateway.NotAttached: Network vpc-1 has no Internet gateway attached";
            assert_eq!(condition(&gateway), Condition::Failed(why.into()));
        }

        #[test]
        fn a_state_that_aws_adds_is_waited_for() {
            let gateway = NatGateway::builder().state("upgrading".into()).build();
            assert_eq!(condition(&gateway), Condition::Pending("upgrading".into()));
        }
    }
}
