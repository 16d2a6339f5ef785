//! The load balancers that still stand. The interfaces of one that is gone leave by themselves; those of
//! one that is there stay until somebody deletes it.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::NetworkInterface;

use super::refusal::Leaves;
use crate::live::around::balancer::{id_of, load_balancers};
use crate::live::session::Session;

/// What is known of the load balancers that interfaces belong to.
pub(super) struct Standing<'a> {
    /// The account, of whose load balancers alone AWS tells.
    account: &'a str,
    /// `app/NAME/ID` of all that are there; none where that could not be read.
    there: Option<BTreeSet<String>>,
}

/// Asks only where an interface belongs to one. Who may not ask does not know.
pub(super) async fn standing<'a>(
    aws: &Session<'a>,
    interfaces: &[NetworkInterface],
) -> Standing<'a> {
    let unknown = Standing { account: aws.account, there: None };
    if !interfaces.iter().any(|interface| unknown.balancer(interface).is_some()) {
        return unknown;
    }
    let all = load_balancers(aws, &[], &[]).await.ok();
    let ids = all.map(|all| {
        let arns = all.iter().filter_map(|one| one.load_balancer_arn());
        arns.map(|arn| id_of(arn).to_owned()).collect()
    });
    Standing { there: ids, ..unknown }
}

impl Standing<'_> {
    /// `app/NAME/ID` of a load balancer that the API tells of: a classic one has a name and an API of its
    /// own, and one of another account may stand in a subnet that is shared with it.
    fn balancer<'i>(&self, interface: &'i NetworkInterface) -> Option<&'i str> {
        let id = interface.description()?.strip_prefix("ELB ")?;
        let is_ours = interface.owner_id().is_none_or(|owner| owner == self.account);
        (id.contains('/') && is_ours).then_some(id)
    }

    /// When the interface of a load balancer leaves.
    pub(super) fn leaves(&self, interface: &NetworkInterface) -> Leaves {
        match (self.balancer(interface), &self.there) {
            (Some(id), Some(there)) if there.contains(id) => Leaves::ByHand,
            (Some(_), Some(_)) => Leaves::Passing,
            _ => Leaves::Shortly,
        }
    }
}

#[cfg(test)]
pub(super) fn nothing_known() -> Standing<'static> {
    Standing { account: "111111111111", there: None }
}
