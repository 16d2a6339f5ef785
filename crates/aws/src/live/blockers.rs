//! Who holds what EC2 refuses to delete.
//!
//! EC2 says "has dependencies" and no more. What holds a subnet or a group is nearly always a
//! network interface, and its description says whose it is.

use std::sync::{Mutex, PoisonError};

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use aws_sdk_ec2::types::{Filter, NetworkInterface};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use trueup_model::snapshot::Ownership;
use trueup_provider::{Call, Failure, FailureClass};

use super::describe::PAGE;
use super::session::Session;
use super::tags::{self, filter};

mod balancers;
mod interface;
mod refusal;
mod users;
mod vpc;

use refusal::{Holder, Leaves, refused};

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

/// What was found of who holds something.
#[derive(Debug, Clone, Default)]
struct Found {
    holders: Vec<Holder>,
    /// The actions that could not be called: there may be more.
    unread: Vec<String>,
}

impl Found {
    fn add(&mut self, answer: Result<Vec<Holder>, Failure>) {
        match answer {
            Ok(holders) => self.holders.extend(holders),
            Err(failure) => self.unread.push(failure.action),
        }
    }
}

/// Milliseconds between two looks at who holds it.
const LOOK_AGAIN_AFTER: u64 = 30_000;

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
            let found = self.look(held, seen).await;
            refused(failure, &found, self.host.now().saturating_sub(begin))
        };
        self.call_judged(call, send, judge).await
    }

    /// Who holds it; what was seen a moment ago is not asked again.
    async fn look(&self, held: Held<'_>, seen: &Mutex<Option<(u64, Found)>>) -> Found {
        let now = self.host.now();
        if let Some((at, found)) = &*seen.lock().unwrap_or_else(PoisonError::into_inner)
            && now.saturating_sub(*at) < LOOK_AGAIN_AFTER
        {
            return found.clone();
        }
        let found = self.holders(held).await;
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, found.clone()));
        found
    }

    /// Who may not look at everything still learns what AWS said, and what there is to be seen.
    async fn holders(&self, held: Held<'_>) -> Found {
        let by = |name: &str, id: &str| filter(name, [id.to_owned()]);
        let mut found = match held {
            Held::SecurityGroup(id) => {
                let mut found = Found::default();
                found.add(self.referring_groups(id).await);
                found
            }
            Held::Vpc(id) => vpc::contents(self, id).await,
            Held::Subnet(_) | Held::PublicAddresses { .. } | Held::Interface(_) => Found::default(),
        };
        let interfaces = match held {
            Held::Subnet(id) => self.interfaces(by("subnet-id", id)).await,
            Held::SecurityGroup(id) => self.interfaces(by("group-id", id)).await,
            Held::Interface(id) => self.interfaces(by("network-interface-id", id)).await,
            Held::Vpc(id) => self.interfaces(by("vpc-id", id)).await,
            Held::PublicAddresses { vpc } => {
                self.interfaces(by("vpc-id", vpc)).await.map(|mut found| {
                    found.retain(is_public);
                    found
                })
            }
        };
        match interfaces {
            Ok(interfaces) => {
                found.holders.extend(self.behind(held, &interfaces).await);
            }
            Err(failure) => found.unread.push(failure.action),
        }
        found
    }

    /// Who is behind these interfaces.
    async fn behind(&self, held: Held<'_>, interfaces: &[NetworkInterface]) -> Vec<Holder> {
        let standing = balancers::standing(self, interfaces).await;
        let holders = interface::holders(interfaces, &standing);
        users::instead_of(self, held, holders).await
    }

    /// Whose an interface is, as far as that can be read: for a message.
    pub(crate) async fn owner_of_interface(&self, interface: &str) -> Option<String> {
        let found = self.holders(Held::Interface(interface)).await;
        found.holders.into_iter().next().map(|holder| holder.what)
    }

    async fn interfaces(&self, by: Filter) -> Result<Vec<NetworkInterface>, Failure> {
        self.pages(
            Call::read("ec2:DescribeNetworkInterfaces"),
            |next| {
                let call = self.clients.ec2.describe_network_interfaces().filters(by.clone());
                call.max_results(PAGE).set_next_token(next).send()
            },
            |page| (page.network_interfaces.unwrap_or_default(), page.next_token),
        )
        .await
    }

    /// Whether an interface carries the group that nothing but its owner takes away. Who may not look
    /// does not know better than that one does.
    pub(crate) async fn stays_in_use(&self, group: &str) -> bool {
        let Ok(found) = self.interfaces(filter("group-id", [group.to_owned()])).await else {
            return true;
        };
        let holders = self.behind(Held::SecurityGroup(group), &found).await;
        holders.iter().any(|holder| matches!(holder.leaves, Leaves::ByHand | Leaves::Shortly))
    }

    async fn referring_groups(&self, group: &str) -> Result<Vec<Holder>, Failure> {
        let groups = self.groups_that_name(group).await?;
        let holders = groups.iter().map(|other| {
            let name = other.group_name().unwrap_or_default();
            let id = other.group_id().unwrap_or_default();
            let whose = refusal::whose(&Ownership::split(tags::of_ec2(other.tags())).0);
            let leaves = if whose.is_empty() { Leaves::ByHand } else { Leaves::Shortly };
            Holder { what: format!("a rule of group {name} ({id}){whose}"), leaves }
        });
        Ok(holders.collect())
    }

    /// The groups with a rule that names this one, itself left out.
    pub(crate) async fn groups_that_name(
        &self,
        group: &str,
    ) -> Result<Vec<aws_sdk_ec2::types::SecurityGroup>, Failure> {
        let ask = |name: &'static str| {
            let by = filter(name, [group.to_owned()]);
            self.pages(
                Call::read("ec2:DescribeSecurityGroups"),
                move |next| {
                    let call = self.clients.ec2.describe_security_groups().filters(by.clone());
                    call.max_results(PAGE).set_next_token(next).send()
                },
                |page| (page.security_groups.unwrap_or_default(), page.next_token),
            )
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

/// Whether anything is reached under a public address there: a gateway leaves after all of them.
fn is_public(interface: &NetworkInterface) -> bool {
    interface.association().is_some_and(|address| address.public_ip().is_some())
}
