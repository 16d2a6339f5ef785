//! Who holds what EC2 refuses to delete.
//!
//! EC2 says "has dependencies" and no more. What holds a subnet or a group is nearly always a
//! network interface, and its description says whose it is.

use std::sync::{Mutex, PoisonError};

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use aws_sdk_ec2::types::{Filter, NetworkInterface};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use trueup_provider::{Call, Failure, FailureClass};

use super::describe::{PAGE, pages};
use super::session::Session;
use super::tags::filter;

mod interface;
mod vpc;

/// What cannot be deleted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Held<'a> {
    /// A subnet, by the interfaces in it.
    Subnet(&'a str),
    /// A group, by the interfaces that carry it, and by rules of other groups.
    SecurityGroup(&'a str),
    /// An internet gateway's attachment, by the public addresses in the VPC.
    PublicAddresses {
        /// The VPC.
        vpc: &'a str,
    },
    /// An address, by the interface that it belongs to.
    Interface(&'a str),
    /// A VPC, by whatever is in it.
    Vpc(&'a str),
}

/// Something that holds something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// What it is, with its id.
    pub(crate) what: String,
    /// Whether AWS takes it away by itself, in time.
    pub(crate) passes: bool,
    /// Whether that takes AWS longer than anything else, as with the interfaces of functions.
    pub(crate) drains: bool,
}

/// Milliseconds between two looks at who holds it.
const LOOK_AGAIN_AFTER: u64 = 30_000;
/// Milliseconds that are given to what should not be there any more: an instance's interface
/// leaves a moment after the instance.
const LINGERS: u64 = 30_000;
/// How many holders a message names.
const NAMED: usize = 5;

impl Session<'_> {
    /// Makes a call that something may stand in the way of, and says who. What stays until somebody
    /// does something about it ends the attempts early.
    pub(crate) async fn call_unless_held<T, E, Answer>(
        &self,
        call: Call,
        held: Held<'_>,
        send: impl FnMut() -> Answer + Send,
    ) -> Result<T, Failure>
    where
        T: RequestId + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        Answer: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
    {
        let begin = self.host.now();
        let seen = Mutex::new(None);
        let seen = &seen;
        let judge = |failure: Failure| async move {
            if failure.class != FailureClass::Conflict {
                return failure;
            }
            let holders = self.look(held, seen).await;
            refused(failure, &holders, self.host.now().saturating_sub(begin))
        };
        self.call_judged(call, send, judge).await
    }

    /// Who holds it; what was seen a moment ago is not asked again.
    async fn look(&self, held: Held<'_>, seen: &Mutex<Option<(u64, Vec<Holder>)>>) -> Vec<Holder> {
        let now = self.host.now();
        if let Some((at, holders)) = &*seen.lock().unwrap_or_else(PoisonError::into_inner)
            && now.saturating_sub(*at) < LOOK_AGAIN_AFTER
        {
            return holders.clone();
        }
        // Who may not look still learns what AWS said.
        let holders = self.holders(held).await.unwrap_or_default();
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, holders.clone()));
        holders
    }

    async fn holders(&self, held: Held<'_>) -> Result<Vec<Holder>, Failure> {
        let by = |name: &str, id: &str| filter(name, [id.to_owned()]);
        let found = match held {
            Held::Subnet(id) => self.interfaces(by("subnet-id", id)).await?,
            Held::Interface(id) => self.interfaces(by("network-interface-id", id)).await?,
            Held::PublicAddresses { vpc } => {
                let mut found = self.interfaces(by("vpc-id", vpc)).await?;
                found.retain(|interface| {
                    interface.association().is_some_and(|address| address.public_ip().is_some())
                });
                found
            }
            Held::SecurityGroup(id) => {
                let mut holders = interface::holders(&self.interfaces(by("group-id", id)).await?);
                holders.extend(self.referring_groups(id).await?);
                return Ok(holders);
            }
            Held::Vpc(id) => {
                let mut holders = vpc::contents(self, id).await?;
                let interfaces = self.interfaces(by("vpc-id", id)).await?;
                holders.extend(interface::holders(&interfaces));
                return Ok(holders);
            }
        };
        Ok(interface::holders(&found))
    }

    async fn interfaces(&self, by: Filter) -> Result<Vec<NetworkInterface>, Failure> {
        let by = &by;
        pages(|next| async move {
            let page = self
                .call(Call::read("ec2:DescribeNetworkInterfaces"), || {
                    let call = self.clients.ec2.describe_network_interfaces().filters(by.clone());
                    call.max_results(PAGE).set_next_token(next.clone()).send()
                })
                .await?;
            Ok((page.network_interfaces().to_vec(), page.next_token))
        })
        .await
    }

    async fn referring_groups(&self, group: &str) -> Result<Vec<Holder>, Failure> {
        let groups = self.groups_that_name(group).await?;
        let holders = groups.iter().map(|other| {
            let name = other.group_name().unwrap_or_default();
            let id = other.group_id().unwrap_or_default();
            Holder { what: format!("a rule of group {name} ({id})"), passes: false, drains: false }
        });
        Ok(holders.collect())
    }

    /// The groups with a rule that names this one, itself left out.
    pub(crate) async fn groups_that_name(
        &self,
        group: &str,
    ) -> Result<Vec<aws_sdk_ec2::types::SecurityGroup>, Failure> {
        let ask = |name: &'static str| {
            pages(move |next| async move {
                let by = filter(name, [group.to_owned()]);
                let page = self
                    .call(Call::read("ec2:DescribeSecurityGroups"), || {
                        let call = self.clients.ec2.describe_security_groups().filters(by.clone());
                        call.max_results(PAGE).set_next_token(next.clone()).send()
                    })
                    .await?;
                Ok((page.security_groups().to_vec(), page.next_token))
            })
        };
        let (into, out) = futures::try_join!(
            ask("ip-permission.group-id"),
            ask("egress.ip-permission.group-id"),
        )?;
        let mut found: Vec<aws_sdk_ec2::types::SecurityGroup> = Vec::new();
        for other in into.into_iter().chain(out) {
            let known = found.iter().any(|known| known.group_id() == other.group_id());
            if !known && other.group_id() != Some(group) {
                found.push(other);
            }
        }
        Ok(found)
    }
}

/// The refusal, with who is behind it.
fn refused(mut failure: Failure, holders: &[Holder], age: u64) -> Failure {
    if holders.is_empty() {
        return failure;
    }
    let mut names: Vec<&str> =
        holders.iter().take(NAMED).map(|holder| holder.what.as_str()).collect();
    let more = format!("{} more", holders.len().saturating_sub(NAMED));
    if holders.len() > NAMED {
        names.push(&more);
    }
    let said = failure.message.trim_end_matches('.').to_owned();
    failure.message = format!("{said}; it is held by {}", names.join(", "));
    if holders.iter().all(|holder| !holder.passes) {
        failure.help.push("delete or move what holds it, then run the same command again".into());
        if age >= LINGERS {
            // It would be refused for ever: nothing that AWS does by itself changes it.
            failure.class = FailureClass::Broken;
        }
    } else {
        if holders.iter().any(|holder| holder.drains) {
            failure.class = FailureClass::Draining;
        }
        failure.help.push(
            "AWS removes such interfaces by itself, up to 35 minutes after what they belong to; \
             run the same command again then"
                .into(),
        );
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(holders: &[(&str, bool)], age: u64) -> (FailureClass, String) {
        let holders: Vec<Holder> = holders
            .iter()
            .map(|(what, passes)| Holder {
                what: (*what).to_owned(),
                passes: *passes,
                drains: what.starts_with("function"),
            })
            .collect();
        let failure = Failure::new(FailureClass::Conflict, "The subnet has dependencies.");
        let failure = refused(failure, &holders, age);
        (failure.class, failure.message)
    }

    #[test]
    fn a_refusal_names_who_is_behind_it() {
        let (class, message) = check(&[("instance i-1 (eni-1)", false)], 0);
        assert_eq!(class, FailureClass::Conflict);
        assert_eq!(message, "The subnet has dependencies; it is held by instance i-1 (eni-1)");
        assert_eq!(check(&[], 0).1, "The subnet has dependencies.");
    }

    #[test]
    fn what_stays_is_not_waited_for() {
        assert_eq!(check(&[("instance i-1", false)], LINGERS).0, FailureClass::Broken);
        let both = [("instance i-1", false), ("function f", true)];
        assert_eq!(check(&both, LINGERS).0, FailureClass::Draining);
        assert_eq!(check(&[("database", true)], LINGERS).0, FailureClass::Conflict);
    }

    #[test]
    fn many_are_counted() {
        let many: Vec<(&str, bool)> = vec![("x", true); 7];
        assert!(check(&many, 0).1.ends_with("held by x, x, x, x, x, 2 more"));
    }
}
