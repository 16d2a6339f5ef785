//! VPC endpoints.

use aws_sdk_ec2::types::VpcEndpoint;
use trueup_model::Live;
use trueup_model::snapshot::{Condition, around};
use trueup_provider::Call;

use super::Answer;
use crate::live::Session;
use crate::live::describe::{self, PAGE, by_ids};

/// Those of these VPCs.
pub(in crate::live) async fn of(aws: &Session<'_>, vpcs: &[String]) -> Answer {
    let found = by_ids(vpcs, "vpc-id", |by| {
        aws.pages(
            Call::read("ec2:DescribeVpcEndpoints"),
            move |next| {
                let call = aws.clients.ec2.describe_vpc_endpoints().filters(by.clone());
                call.max_results(PAGE).set_next_token(next).send()
            },
            |page| (page.vpc_endpoints.unwrap_or_default(), page.next_token),
        )
    });
    Ok(found.await?.iter().map(|endpoint| normalise(endpoint, aws.region)).collect())
}

fn normalise(endpoint: &VpcEndpoint, region: &str) -> Live {
    let service = endpoint.service_name().unwrap_or_default();
    let short = service.strip_prefix(&format!("com.amazonaws.{region}.")).unwrap_or(service);
    let kind = endpoint.vpc_endpoint_type().map_or("gateway", |kind| kind.as_str());
    let groups = endpoint.groups().iter().filter_map(|group| group.group_id()).collect();
    let policy = endpoint.policy_document().filter(|policy| !allows_everything(policy));
    let attributes = [
        ("vpc", describe::text(endpoint.vpc_id())),
        ("service", short.into()),
        ("type", kind.to_lowercase().into()),
        ("route_tables", endpoint.route_table_ids().iter().map(String::as_str).collect()),
        ("subnets", endpoint.subnet_ids().iter().map(String::as_str).collect()),
        ("security_groups", groups),
        ("private_dns", endpoint.private_dns_enabled().unwrap_or_default().into()),
        ("policy", policy.map(str::to_owned).into()),
    ];
    let id = endpoint.vpc_endpoint_id().unwrap_or_default();
    // Small letters on the wire, whatever the documentation says.
    let state = endpoint.state().map_or("available", |state| state.as_str()).to_lowercase();
    let condition = match state.as_str() {
        "available" => Condition::Ready,
        "deleting" | "deleted" => Condition::Deleting(state),
        _ => Condition::Pending(state),
    };
    describe::live((around::VPC_ENDPOINT, id), endpoint.tags(), attributes, [], condition)
}

/// Whether it is the policy that AWS gives an endpoint without one.
fn allows_everything(policy: &str) -> bool {
    let Ok(document) = serde_json::from_str::<serde_json::Value>(policy) else { return false };
    let statements = match &document["Statement"] {
        serde_json::Value::Array(statements) => statements.clone(),
        one => vec![one.clone()],
    };
    let is_everyone = |principal: &serde_json::Value| principal == "*" || principal["AWS"] == "*";
    let [only] = statements.as_slice() else { return false };
    only["Effect"] == "Allow"
        && only["Action"] == "*"
        && only["Resource"] == "*"
        && is_everyone(&only["Principal"])
        && only["Condition"].is_null()
}

#[cfg(test)]
mod tests {
    use trueup_model::Value;

    use super::*;

    #[test]
    fn an_endpoint_has_the_short_name_of_its_service() {
        let endpoint = VpcEndpoint::builder()
            .vpc_endpoint_id("vpce-1")
            .service_name("com.amazonaws.us-west-2.ecr.api")
            .vpc_endpoint_type(aws_sdk_ec2::types::VpcEndpointType::Interface)
            .state("pendingAcceptance".into())
            .build();
        let live = normalise(&endpoint, "us-west-2");
        assert_eq!(live.get("service"), &Value::from("ecr.api"));
        assert_eq!(live.get("type"), &Value::from("interface"));
        assert_eq!(live.condition, Condition::Pending("pendingacceptance".to_owned()));
    }

    #[test]
    fn only_a_policy_of_its_own_is_named() {
        let usual =
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
        assert!(allows_everything(usual));
        assert!(!allows_everything(
            &usual.replace(r#""Action":"*""#, r#""Action":"s3:GetObject""#)
        ));
    }
}
