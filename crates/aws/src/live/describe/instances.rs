//! Instances as EC2 describes them: what a stack declares, and what others run.

use aws_sdk_ec2::types::{Filter, Instance};
use trueup_provider::{Call, Failure};

use super::PAGE;
use crate::live::session::Session;

/// All that fit these filters, in whatever state they are: those that were terminated stay in answers
/// for about an hour.
pub(crate) async fn instances(
    aws: &Session<'_>,
    filters: Vec<Filter>,
) -> Result<Vec<Instance>, Failure> {
    aws.pages(
        Call::read("ec2:DescribeInstances"),
        |next| {
            let call = aws.clients.ec2.describe_instances().max_results(PAGE);
            call.set_filters(Some(filters.clone())).set_next_token(next).send()
        },
        |page| {
            let reservations = page.reservations.unwrap_or_default().into_iter();
            let instances = reservations.flat_map(|one| one.instances.unwrap_or_default());
            (instances.collect(), page.next_token)
        },
    )
    .await
}
