//! A flow log: what passes through a VPC or a subnet, written down.

use trueup_model::kind::{
    Idempotency, Inspection, Output, Permissions, Replacement, Sample, Times,
};
use trueup_model::{Attribute, Kind, Type, Value};

use crate::services::attributes::{fault, is_absent, number};

const DOCUMENTATION: &str = "\
Identity: the tags. Creating one is protected by a client token.

In place: tags. AWS changes nothing else of a flow log: all that is written here replaces it, and for \
a moment nothing is written down, because AWS takes no second one to the same destination.

It watches a `vpc` or a `subnet`, and writes to a `log_group`, with an `iam_role` that may write there, \
or to an S3 bucket (`s3_bucket`, its ARN, with a folder behind it if you like). The role needs \
`service: vpc-flow-logs.amazonaws.com` and, on the group, `logs:CreateLogStream`, `logs:PutLogEvents`, \
`logs:DescribeLogGroups` and `logs:DescribeLogStreams`.

The first entries come some ten minutes after it is made.

AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html>";

/// The fields of AWS's default format; see
/// <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>.
const FIELDS: [&str; 14] = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
];

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: attributes(),
        outputs: vec![
            Output::new("id", Sample::Id("fl-"), "The flow log's id."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:ec2:{region}:{account}:vpc-flow-log/{id}"),
                "The flow log's ARN.",
            ),
        ],
        replacement: Replacement::DeleteFirst {
            claims: &["vpc", "subnet", "log_group", "s3_bucket"],
            because: "AWS takes no second flow log from one place to one destination",
        },
        times: Times { create: [1, 2, 10], update: [1, 1, 2], delete: [1, 1, 3] },
        permissions: Permissions {
            read: &["ec2:DescribeFlowLogs", "tag:GetResources"],
            create: &[
                "ec2:CreateFlowLogs",
                "ec2:CreateTags",
                "iam:PassRole",
                "logs:CreateLogDelivery",
                "s3:GetBucketPolicy",
                "s3:PutBucketPolicy",
            ],
            update: &["ec2:CreateTags", "ec2:DeleteTags"],
            delete: &["ec2:DeleteFlowLogs", "logs:DeleteLogDelivery"],
        },
        idempotency: Idempotency::Token,
        check,
        ..Kind::new("flow_log", "ec2", "What passes through a VPC or a subnet, written down.")
    }
}

fn attributes() -> Vec<Attribute> {
    vec![
        Attribute::new("vpc", Type::id_of(&["vpc"], "vpc-"), "The VPC that it watches.")
            .optional()
            .replaces(),
        Attribute::new(
            "subnet",
            Type::id_of(&["subnet"], "subnet-"),
            "The subnet that it watches.",
        )
        .optional()
        .replaces(),
        Attribute::new(
            "traffic_type",
            Type::Enum(&["ALL", "ACCEPT", "REJECT"]),
            "Whether all is written down, or what is let through, or what is not.",
        )
        .or("ALL", "what was refused is half of what one looks for")
        .replaces()
        .security(),
        Attribute::new(
            "log_group",
            Type::output_of(&["log_group"], "id"),
            "The log group that it writes to.",
        )
        .optional()
        .replaces()
        .security(),
        Attribute::new(
            "iam_role",
            Type::output_of(&["iam_role"], "arn"),
            "The role that writes to the log group.",
        )
        .optional()
        .replaces()
        .security(),
        Attribute::new(
            "s3_bucket",
            Type::String,
            "The ARN of the bucket, and a folder in it, that it writes to.",
        )
        .optional()
        .replaces()
        .security(),
        Attribute::new(
            "max_aggregation_seconds",
            Type::int(60, 600),
            "For how long packets of one connection are put together: 60 or 600.",
        )
        .or(600, "as AWS does; 60 makes up to ten times the entries")
        .replaces(),
        Attribute::new("fields", Type::String.list(), "The fields of an entry, in their order.")
            .or(FIELDS.into_iter().collect::<Value>(), "AWS's default format")
            .replaces(),
    ]
}

fn check(inspection: &mut Inspection<'_>) {
    let has = |name: &str| !is_absent(inspection.attributes, name);
    let (places, destinations) =
        ([has("vpc"), has("subnet")], [has("log_group"), has("s3_bucket")]);
    let (to_group, has_role) = (has("log_group"), has("iam_role"));
    let seconds = number(inspection.attributes, "max_aggregation_seconds");
    if places[0] == places[1] {
        let message = "a flow log watches one VPC or one subnet";
        fault(inspection, "vpc", message, "write `vpc: NAME` or `subnet: NAME`");
    }
    if destinations[0] == destinations[1] {
        let message = "a flow log writes to a log group or to a bucket";
        fault(inspection, "log_group", message, "write `log_group: NAME` or `s3_bucket: ARN`");
    }
    if to_group && !has_role {
        let message = "a flow log needs a role to write to a log group";
        let help = "add `iam_role: NAME` of one with `service: vpc-flow-logs.amazonaws.com`";
        fault(inspection, "iam_role", message, help);
    }
    if !to_group && has_role {
        let message = "a flow log writes to a bucket without a role";
        fault(inspection, "iam_role", message, "leave it out");
    }
    if seconds.is_some_and(|seconds| seconds != 60 && seconds != 600) {
        let message = "AWS puts packets together for 60 or 600 seconds";
        fault(inspection, "max_aggregation_seconds", message, "write 60 or 600");
    }
}

#[cfg(feature = "live")]
pub(crate) use live::Calls;

#[cfg(feature = "live")]
mod live {
    use async_trait::async_trait;
    use aws_sdk_ec2::types::{
        Filter, FlowLog, FlowLogsResourceType, LogDestinationType, ResourceType,
    };
    use trueup_model::Value;
    use trueup_model::snapshot::{Condition, Live};
    use trueup_provider::{Call, Create, Delete, Failure, FailureClass, Update};

    use crate::live::describe::{self, Described, PAGE};
    use crate::live::owned::{self, Made};
    use crate::live::tags;
    use crate::live::{Search, Session};
    use crate::partition::ec2_arn;

    const KIND: &str = "flow_log";
    const ID: &str = "flow-log-id";

    pub(crate) struct Calls;

    #[async_trait]
    impl Described for Calls {
        const KIND: &str = KIND;
        const ID: &str = ID;

        async fn described(aws: &Session<'_>, filters: Vec<Filter>) -> Result<Vec<Live>, Failure> {
            let found = aws.pages(
                Call::read("ec2:DescribeFlowLogs"),
                |next| {
                    let call = aws.clients.ec2.describe_flow_logs().max_results(PAGE);
                    // Alone with the read of NAT gateways, it calls the argument `Filter`.
                    call.set_filter(Some(filters.clone())).set_next_token(next).send()
                },
                |page| (page.flow_logs.unwrap_or_default(), page.next_token),
            );
            Ok(found.await?.iter().map(|log| normalise(aws, log)).collect())
        }

        /// What the stack has a block for is described, whatever the tagging API says. Most stacks have
        /// none: whether one is left that was taken out of the file, the answer tells that every plan
        /// has already. It lags, so one that was only just made goes with a later plan.
        async fn discovered(aws: &Session<'_>, search: &Search<'_>) -> Result<Vec<Live>, Failure> {
            let none = search.expected.is_empty();
            if none && aws.tagged_arns("ec2", "vpc-flow-log/").await?.is_empty() {
                return Ok(Vec::new());
            }
            describe::discovered(search, ID, |by| Self::described(aws, vec![by])).await
        }
    }

    #[async_trait]
    impl crate::live::Calls for Calls {
        async fn create(&self, aws: &Session<'_>, request: &Create) -> Result<Live, Failure> {
            let id = owned::create_by_token(request, |token| make(aws, request, token)).await?;
            aws.ready(KIND, &id).await
        }

        /// AWS changes nothing of a flow log but its tags.
        async fn update(&self, _: &Session<'_>, _: &Update) -> Result<(), Failure> {
            Ok(())
        }

        async fn delete(&self, aws: &Session<'_>, request: &Delete) -> Result<(), Failure> {
            let id = &request.before.id;
            owned::delete(aws, KIND, id, || remove(aws, id)).await
        }
    }

    async fn make(aws: &Session<'_>, request: &Create, token: String) -> Result<Made, Failure> {
        let wish = &request.attributes;
        let text = |name| owned::wanted_text(wish, name);
        let tags = tags::ec2_specification(ResourceType::VpcFlowLog, &request.all_tags());
        let fields = wish.get("fields").map(Value::strings).unwrap_or_default();
        let fields: Vec<String> = fields.iter().map(|field| format!("${{{field}}}")).collect();
        let format = fields.join(" ");
        let (place, id) = match text("vpc") {
            Some(vpc) => (FlowLogsResourceType::Vpc, vpc),
            None => (FlowLogsResourceType::Subnet, text("subnet").unwrap_or_default()),
        };
        let (kind, bucket) = match text("s3_bucket") {
            Some(bucket) => (LogDestinationType::S3, Some(bucket)),
            None => (LogDestinationType::CloudWatchLogs, None),
        };
        let answer = aws
            .call_on_new(Call::repeatable("ec2:CreateFlowLogs"), || {
                let call = aws.clients.ec2.create_flow_logs().client_token(&token);
                call.resource_type(place.clone())
                    .resource_ids(&id)
                    .set_traffic_type(text("traffic_type").as_deref().map(Into::into))
                    .log_destination_type(kind.clone())
                    .set_log_destination(bucket.clone())
                    .set_log_group_name(text("log_group"))
                    .set_deliver_logs_permission_arn(text("iam_role"))
                    .set_max_aggregation_interval(owned::wanted_int(
                        wish,
                        "max_aggregation_seconds",
                    ))
                    .log_format(&format)
                    .tag_specifications(tags.clone())
                    .send()
            })
            .await?;
        // What is refused is in an answer that says 200.
        refused("ec2:CreateFlowLogs", answer.unsuccessful())?;
        let id = owned::id_of(KIND, answer.flow_log_ids().first().map(String::as_str))?;
        // A flow log has no state: one that does not show is one that was deleted.
        let look = || async {
            let by = vec![tags::filter(ID, [id.clone()])];
            Ok(Calls::described(aws, by).await?.pop().map(|live| live.condition))
        };
        let is_dead = owned::is_dead(aws.host, look, || remove(aws, &id)).await?;
        Ok(Made { id, is_dead })
    }

    async fn remove(aws: &Session<'_>, id: &str) -> Result<(), Failure> {
        let answer = aws
            .call(Call::repeatable("ec2:DeleteFlowLogs"), || {
                aws.clients.ec2.delete_flow_logs().flow_log_ids(id).send()
            })
            .await?;
        refused("ec2:DeleteFlowLogs", answer.unsuccessful())
    }

    fn refused(
        action: &str,
        items: &[aws_sdk_ec2::types::UnsuccessfulItem],
    ) -> Result<(), Failure> {
        let Some(error) = items.iter().find_map(|item| item.error()) else { return Ok(()) };
        let code = error.code().unwrap_or_default();
        let class =
            if code.ends_with(".NotFound") { FailureClass::Missing } else { FailureClass::Invalid };
        let mut failure = Failure::new(class, error.message().unwrap_or("no message"));
        action.clone_into(&mut failure.action);
        failure.code = Some(code.to_owned());
        Err(failure)
    }

    fn normalise(aws: &Session<'_>, log: &FlowLog) -> Live {
        let id = log.flow_log_id().unwrap_or_default();
        let place = |prefix: &str| {
            describe::text(log.resource_id().filter(|place| place.starts_with(prefix)))
        };
        let to_s3 = log.log_destination_type() == Some(&LogDestinationType::S3);
        let attributes = [
            ("vpc", place("vpc-")),
            ("subnet", place("subnet-")),
            (
                "traffic_type",
                describe::text(log.traffic_type().map(aws_sdk_ec2::types::TrafficType::as_str)),
            ),
            ("log_group", if to_s3 { Value::Null } else { describe::text(group(log)) }),
            ("iam_role", describe::text(log.deliver_logs_permission_arn())),
            ("s3_bucket", describe::text(log.log_destination().filter(|_| to_s3))),
            ("max_aggregation_seconds", log.max_aggregation_interval().into()),
            ("fields", fields(log.log_format().unwrap_or_default())),
        ];
        let arn = ec2_arn(aws.region, aws.account, "vpc-flow-log", id);
        let outputs = [("id", id.into()), ("arn", arn.into())];
        describe::live((KIND, id), log.tags(), attributes, outputs, Condition::Ready)
    }

    /// Of `${srcaddr} ${dstaddr}`, the names.
    fn fields(format: &str) -> Value {
        let names = format.split_whitespace();
        names.map(|field| field.trim_start_matches("${").trim_end_matches('}')).collect()
    }

    /// Told by its name, or only in an ARN that may end in `:*`.
    fn group(log: &FlowLog) -> Option<&str> {
        log.log_group_name().or_else(|| {
            let (_, name) = log.log_destination()?.split_once(":log-group:")?;
            Some(name.trim_end_matches(":*"))
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_group_is_told_by_name_or_arn() {
            let named = FlowLog::builder().log_group_name("/shop/flow").build();
            assert_eq!(group(&named), Some("/shop/flow"));
            let arn = "arn:aws:logs:us-west-2:111111111111:log-group:/shop/flow:*";
            let told = FlowLog::builder().log_destination(arn).build();
            assert_eq!(group(&told), Some("/shop/flow"));
            assert_eq!(group(&FlowLog::builder().build()), None);
        }

        #[test]
        fn a_format_is_its_fields() {
            assert_eq!(fields("${srcaddr} ${log-status}").strings(), ["srcaddr", "log-status"]);
            assert!(fields("").strings().is_empty());
        }

        #[test]
        fn what_is_refused_in_an_answer_is_a_failure() {
            use aws_sdk_ec2::types::{UnsuccessfulItem, UnsuccessfulItemError};

            let refusal = |code: &str| {
                let error = UnsuccessfulItemError::builder().code(code).message("no").build();
                refused("x", &[UnsuccessfulItem::builder().error(error).build()]).unwrap_err().class
            };
            assert_eq!(refusal("InvalidFlowLogId.NotFound"), FailureClass::Missing);
            assert_eq!(refusal("400"), FailureClass::Invalid);
            assert!(refused("x", &[]).is_ok());
        }
    }
}
