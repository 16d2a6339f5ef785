//! The subnets that a database may stand in.

use trueup_model::kind::{
    Completion, Idempotency, Inspection, Naming, Output, Permissions, Sample, Times, Unique,
};
use trueup_model::{Attribute, Kind, Type};

use crate::services::attributes::{fault, fill_name, respell, text};

const DOCUMENTATION: &str = "\
Identity: the name, unique in the Region; AWS stores it in lower case.

In place: description, subnets, tags. The name replaces it, and so do other subnets throughout: AWS \
refuses those of another VPC, and a subnet that a database uses cannot be taken out.

AWS wants subnets in two availability zones at least, even for a database in one zone.

AWS: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html>";

const NAME: Naming =
    Naming { attribute: "name", maximum: 255, unique: Unique::Region, lower_case: true };

/// The declaration.
pub fn kind() -> Kind {
    Kind {
        documentation: DOCUMENTATION,
        attributes: vec![
            Attribute::new("name", Type::String, "Its name.")
                .derived("the stack's name and the address")
                .replaces(),
            Attribute::new("description", Type::String, "What it is for.")
                .or("Managed by trueup", "AWS wants one"),
            Attribute::new(
                "subnets",
                Type::id_of(&["subnet"], "subnet-").set(),
                "The subnets, in two availability zones at least.",
            )
            .replaces_without_overlap(),
        ],
        outputs: vec![
            Output::new("id", Sample::Attribute("name"), "Its name."),
            Output::new(
                "arn",
                Sample::Format("arn:aws:rds:{region}:{account}:subgrp:{name}"),
                "Its ARN.",
            ),
        ],
        naming: Some(NAME),
        times: Times { create: [1, 1, 2], update: [1, 1, 3], delete: [1, 1, 60] },
        permissions: Permissions {
            read: &["rds:DescribeDBSubnetGroups", "rds:ListTagsForResource", "tag:GetResources"],
            create: &["rds:CreateDBSubnetGroup", "rds:AddTagsToResource"],
            update: &[
                "rds:ModifyDBSubnetGroup",
                "rds:AddTagsToResource",
                "rds:RemoveTagsFromResource",
            ],
            delete: &["rds:DeleteDBSubnetGroup"],
        },
        idempotency: Idempotency::Name,
        complete,
        check,
        ..Kind::new("db_subnet_group", "rds", "The subnets that a database may stand in.")
    }
}

fn complete(completion: &mut Completion<'_>) {
    fill_name(completion, NAME.attribute, NAME.maximum);
    respell(completion.attributes, "name", str::to_lowercase);
}

fn check(inspection: &mut Inspection<'_>) {
    if text(inspection.attributes, "name") == Some("default") {
        fault(inspection, "name", "AWS keeps the name 'default' for itself", "write another name");
    }
}

#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
pub(crate) use live::Calls;
