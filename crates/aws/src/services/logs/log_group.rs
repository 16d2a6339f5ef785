//! A CloudWatch log group.

use trueup_model::kind::{
    Completion, Idempotency, Naming, Output, Permissions, Sample, Settlement, Times, Unique,
};
use trueup_model::{Attribute, Kind, Type};

use crate::services::attributes::{
    accept_live, check_key, fault, fill, fill_name, number, respell, text,
};

const DOCUMENTATION: &str = "\
Identity: the name, unique in the Region.

In place: retention, key, tags. Name and class replace it.

Lambda and RDS make their log groups themselves when they first write, without retention and without \
tags. A group that is named after a function of the stack is therefore made before it and deleted \
after it.

AWS: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>";

const NAME: Naming =
    Naming { attribute: "name", maximum: 512, unique: Unique::Region, lower_case: false };

/// The days that AWS accepts.
const RETENTION: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// The class for logs that Lambda only hands on, and the days that AWS sets for it.
const DELIVERY: &str = "DELIVERY";
const DELIVERY_RETENTION: i64 = 2;

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("name", Type::String, "Its name, as `/aws/lambda/FUNCTION`.")
                .derived("the stack's name and the address")
                .replaces(),
            Attribute::new(
                "retention_days",
                Type::int(1, 3653),
                "For how many days entries are kept: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, \
                 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653; of class DELIVERY AWS says.",
            )
            .or(trueup_model::Value::Null, "as AWS does: for ever"),
            Attribute::new("kms_key", Type::String, "The ARN of the key that encrypts it.")
                .or(trueup_model::Value::Null, "AWS encrypts it with a key of its own")
                .security(),
            Attribute::new(
                "class",
                Type::Enum(&["STANDARD", "INFREQUENT_ACCESS", DELIVERY]),
                "What can be done with its entries, and what they cost.",
            )
            .or("STANDARD", "as AWS does")
            .replaces(),
        ],
        outputs: vec![
            Output::new("id", Sample::Attribute("name"), "Its name."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:logs:{region}:{account}:log-group:{name}"),
                "Its ARN, without the trailing `:*`.",
            ),
        ],
        naming: Some(NAME),
        times: Times { create: [1, 1, 2], update: [1, 1, 2], delete: [1, 1, 2] },
        permissions: Permissions {
            read: &["logs:DescribeLogGroups", "logs:ListTagsForResource", "tag:GetResources"],
            create: &[
                "logs:CreateLogGroup",
                "logs:PutRetentionPolicy",
                "logs:DeleteRetentionPolicy",
                "logs:AssociateKmsKey",
                "logs:TagResource",
            ],
            update: &[
                "logs:PutRetentionPolicy",
                "logs:DeleteRetentionPolicy",
                "logs:AssociateKmsKey",
                "logs:DisassociateKmsKey",
                "logs:TagResource",
                "logs:UntagResource",
            ],
            delete: &["logs:DeleteLogGroup"],
        },
        idempotency: Idempotency::Name,
        complete,
        settle,
        check,
        ..Kind::new("log_group", "logs", "Where entries of a log are kept.")
    }
}

fn complete(completion: &mut Completion<'_>) {
    fill_name(completion, NAME.attribute, NAME.maximum);
    let attributes = &mut *completion.attributes;
    respell(attributes, "class", str::to_ascii_uppercase);
    if text(attributes, "class") == Some(DELIVERY) {
        fill(attributes, "retention_days", DELIVERY_RETENTION);
    }
}

/// What AWS made of the retention of a group for delivery is what is wanted.
fn settle(settlement: &mut Settlement<'_>) {
    if text(settlement.wanted, "class") == Some(DELIVERY) {
        accept_live(settlement.wanted, settlement.live, "retention_days", |_, _| true);
    }
}

fn check(inspection: &mut trueup_model::kind::Inspection<'_>) {
    check_key(inspection, "kms_key");
    let days = number(inspection.attributes, "retention_days");
    if text(inspection.attributes, "class") == Some(DELIVERY) {
        if days.is_some_and(|days| days != DELIVERY_RETENTION) {
            let message = "AWS itself says how long a group of class DELIVERY keeps entries";
            fault(inspection, "retention_days", message, "leave it out");
        }
        return;
    }
    let Some(days) = days else { return };
    if !RETENTION.contains(&days) {
        let next = RETENTION.iter().find(|accepted| **accepted > days).unwrap_or(&3653);
        fault(
            inspection,
            "retention_days",
            format!("AWS does not keep entries for exactly {days} days"),
            format!("write {next}, the next that it accepts"),
        );
    }
}

#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
pub(crate) use live::Calls;
