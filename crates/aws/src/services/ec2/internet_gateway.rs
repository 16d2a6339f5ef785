//! An internet gateway: the way between a VPC and the internet.

use trueup_model::kind::{Output, Permissions, Replacement, Sample, Times};
use trueup_model::{Attribute, Disruption, Kind, Type};

const DOCUMENTATION: &str = "\
Identity: the tags; a VPC has at most one internet gateway.

In place: it can move to another VPC, and tags.

Detaching waits until nothing in the VPC has a public address any more: NAT gateways, instances and \
public databases go first.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateInternetGateway.html>";

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "The VPC that it is attached to.")
                .disrupts(Disruption::Outage)
                .security(),
        ],
        outputs: vec![
            Output::new("id", Sample::Id("igw-"), "The gateway's id."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:internet-gateway/{id}"),
                "The gateway's ARN.",
            ),
        ],
        replacement: Replacement::DeleteFirst {
            claims: &["vpc"],
            because: "a VPC has at most one internet gateway",
        },
        times: Times { create: [1, 1, 3], update: [1, 2, 5], delete: [1, 1, 280] },
        permissions: Permissions {
            read: &["ec2:DescribeInternetGateways"],
            create: &["ec2:CreateInternetGateway", "ec2:AttachInternetGateway", "ec2:CreateTags"],
            update: &[
                "ec2:AttachInternetGateway",
                "ec2:DetachInternetGateway",
                "ec2:CreateTags",
                "ec2:DeleteTags",
            ],
            delete: &[
                "ec2:DetachInternetGateway",
                "ec2:DeleteInternetGateway",
                "ec2:DescribeNetworkInterfaces",
                "elasticloadbalancing:DescribeLoadBalancers",
                "lambda:ListFunctions",
                "rds:DescribeDBInstances",
            ],
        },
        ..Kind::new("internet_gateway", "ec2", "The way between a VPC and the internet.")
    }
}

#[cfg(feature = "live")]
pub(crate) use live::Calls;

#[cfg(feature = "live")]
mod live {
    use async_trait::async_trait;
    use aws_sdk_ec2::types::{Filter, InternetGateway, ResourceType};
    use trueup_model::Value;
    use trueup_model::snapshot::{Condition, Live};
    use trueup_provider::{Call, Create, Delete, Failure, Update};

    use crate::live::blockers::Held;
    use crate::live::describe::{self, Described, PAGE};
    use crate::live::session::unless_missing;
    use crate::live::tags::{self, filter};
    use crate::live::{Session, owned};
    use crate::partition::ec2_arn;

    const KIND: &str = "internet_gateway";
    const ID: &str = "internet-gateway-id";

    pub(crate) struct Calls;

    #[async_trait]
    impl Described for Calls {
        const KIND: &str = KIND;
        const ID: &str = ID;
        const MEETS_OTHERS: bool = true;

        async fn described(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Live>, Failure> {
            let found = aws.pages(
                Call::read("ec2:DescribeInternetGateways"),
                |next| {
                    let call = aws.clients.ec2.describe_internet_gateways().max_results(PAGE);
                    call.set_filters(Some(filters.clone())).set_next_token(next).send()
                },
                |page| (page.internet_gateways.unwrap_or_default(), page.next_token),
            );
            Ok(found.await?.iter().map(|gateway| normalise(aws, gateway)).collect())
        }
    }

    #[async_trait]
    impl crate::live::Calls for Calls {
        async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
            let id = owned::create_once(aws, KIND, request, || make(aws, request)).await?;
            let live = aws.ready(KIND, &id).await?;
            match request.attributes.get("vpc").and_then(Value::as_str) {
                Some(vpc) if live.get("vpc").as_str() != Some(vpc) => attach(aws, &id, vpc).await,
                _ => Ok(live),
            }
        }

        async fn update(&self, aws: &Session<'_>, request: &Update) -> Result<(), Failure> {
            let wanted = request.attributes.get("vpc").and_then(Value::as_str);
            if !request.changes("vpc") {
                return Ok(());
            }
            detach(aws, &request.id, wanted).await?;
            match wanted {
                Some(vpc) => attach(aws, &request.id, vpc).await.map(|_| ()),
                None => Ok(()),
            }
        }

        async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
            let id = &request.before.id;
            detach(aws, id, None).await?;
            owned::delete(aws, KIND, id, || {
                aws.call(Call::repeatable("ec2:DeleteInternetGateway"), move || {
                    aws.clients.ec2.delete_internet_gateway().internet_gateway_id(id).send()
                })
            })
            .await
        }
    }

    async fn make(aws: &Session<'_>, request: &Create) -> Result<String, Failure> {
        let tags = tags::ec2_specification(ResourceType::InternetGateway, &request.all_tags());
        let answer = aws
            .call(Call::once("ec2:CreateInternetGateway"), || {
                aws.clients.ec2.create_internet_gateway().tag_specifications(tags.clone()).send()
            })
            .await?;
        let gateway = answer.internet_gateway();
        owned::id_of(KIND, gateway.and_then(InternetGateway::internet_gateway_id))
    }

    async fn attach(aws: &Session<'_>, id: &str, vpc: &str) -> Result<Live, Failure> {
        let attached = aws
            .call_on_new(Call::repeatable("ec2:AttachInternetGateway"), || {
                let call = aws.clients.ec2.attach_internet_gateway();
                call.internet_gateway_id(id).vpc_id(vpc).send()
            })
            .await;
        match attached {
            // A repeated call may find that the first one worked.
            Err(failure) if failure.is("Resource.AlreadyAssociated") => {
                let others =
                    Calls::described(aws, vec![filter("attachment.vpc-id", [vpc.to_owned()])]);
                if let Some(other) = others.await?.into_iter().find(|other| other.id != id) {
                    let help = "detach it, or take it over with `adopt`";
                    return Err(failure.help(format!("{vpc} already has {}: {help}", other.id)));
                }
                let own = Calls::described(aws, vec![filter(ID, [id.to_owned()])]).await?;
                let elsewhere = own.iter().find_map(|own| own.get("vpc").as_str());
                if let Some(elsewhere) = elsewhere.filter(|there| *there != vpc) {
                    let help =
                        format!("{id} is attached to {elsewhere}: detach it there, apply again");
                    return Err(failure.help(help));
                }
            }
            other => {
                other?;
            }
        }
        aws.shows(KIND, id, &|live| live.get("vpc").as_str() == Some(vpc)).await
    }

    /// Detaches it from wherever it is attached now, except from `stay`.
    async fn detach(aws: &Session<'_>, id: &str, stay: Option<&str>) -> Result<(), Failure> {
        for live in Calls::described(aws, vec![filter(ID, [id.to_owned()])]).await? {
            let Some(vpc) = live.get("vpc").as_str().filter(|vpc| Some(*vpc) != stay) else {
                continue;
            };
            let held = Held::PublicAddresses { vpc };
            let call = Call::repeatable("ec2:DetachInternetGateway");
            let detached = aws.call_unless_held(call, held, || {
                let call = aws.clients.ec2.detach_internet_gateway();
                call.internet_gateway_id(id).vpc_id(vpc).send()
            });
            // `Gateway.NotAttached` is of class missing, too.
            if unless_missing(detached.await)?.is_some() {
                let detached = |live: Option<&Live>| {
                    live.is_none_or(|live| live.get("vpc").as_str() != Some(vpc))
                };
                aws.holds(KIND, id, &detached).await?;
            }
        }
        Ok(())
    }

    fn normalise(aws: &Session<'_>, gateway: &InternetGateway) -> Live {
        let id = gateway.internet_gateway_id().unwrap_or_default();
        let state = |of: &aws_sdk_ec2::types::InternetGatewayAttachment| {
            of.state().map_or("available", |state| state.as_str()).to_owned()
        };
        let mut attachments = gateway.attachments().iter();
        let attachment = attachments.rfind(|one| state(one) != "detached");
        let state = attachment.map_or_else(|| "available".to_owned(), state);
        // AWS says `available` where its documentation says `attached`.
        let condition = match state.as_str() {
            "available" | "attached" => Condition::Ready,
            _ => Condition::Pending(state),
        };
        let attributes = [("vpc", describe::text(attachment.and_then(|one| one.vpc_id())))];
        let arn = ec2_arn(aws.region, aws.account, "internet-gateway", id);
        let outputs = [("id", id.into()), ("arn", arn.into())];
        describe::live((KIND, id), gateway.tags(), attributes, outputs, condition)
    }
}
