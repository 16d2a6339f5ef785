//! What AWS said at one moment.
//!
//! For every address a snapshot has one of three answers: present, absent or unknown. A failed
//! read makes *unknown*, never absent: a plan that takes "denied" for "gone" makes everything anew.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::{Address, KindName};
use crate::value::{Value, Values};

/// Everything that was read for a stack.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// The account that was read.
    pub account: String,
    /// The Region that was read.
    pub region: String,
    /// What the stack owns, what has a name that it wants, and what it asked to adopt.
    pub resources: Vec<Live>,
    /// What was looked up, by the address `existing` gives it.
    pub existing: BTreeMap<Address, Live>,
    /// Looked-up values.
    pub facts: Facts,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// What surrounds the stack in its networks, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub around: Option<Surroundings>,
    /// How many API calls it took.
    pub calls: u32,
}

/// What decides in a network besides the stack's own resources: AWS's defaults, and what others have
/// there. Nothing of it is ever changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// Resources of others, in the form of their kinds, and what no stack declares: kinds
    /// [`around`].
    pub resources: Vec<Live>,
    /// What could not be read. Nothing but proofs suffers.
    pub unreadable: Vec<Unreadable>,
}

/// The kinds of [`Surroundings`] that no stack declares, with their attributes. References hold
/// physical ids.
pub mod around {
    /// A network ACL: `vpc`, `default`, `subnets`, and `ingress` and `egress`, lists of `{number,
    /// allow, protocol, ports, icmp, cidr}`: the protocol's number or `-1`, `ports` as `80-90`.
    pub const NETWORK_ACL: &str = "network_acl";
    /// A VPC endpoint: `vpc`, `service` (`s3`), `type` (`gateway`, `interface`), `route_tables` and
    /// `prefix_list`, or `subnets`, `security_groups` and `private_dns`; `policy`, unless it allows
    /// everything.
    pub const VPC_ENDPOINT: &str = "vpc_endpoint";
    /// A peering connection: `requester` and `accepter` (VPC ids), of each its `_cidrs`, `_account`
    /// and `_region`; `near` (those of the two ends that are in this account and Region),
    /// `same_region`, `dns_resolution`.
    pub const VPC_PEERING: &str = "vpc_peering";
    /// A network interface: `vpc`, `subnet`, `security_groups`, `private_ip`, `public_ip`,
    /// `ipv6_addresses`, `instance`, `type`, `description`.
    pub const NETWORK_INTERFACE: &str = "network_interface";
    /// A load balancer; its id is the end of its ARN, `app/web/0123`. `vpc`, `subnets`,
    /// `security_groups`, `internet_facing`, `type` (`application`, `network`, `classic`,
    /// `gateway`); `nodes`, its interfaces as `{subnet, private_ip, public_ip, ipv6_addresses}`; and
    /// `listeners`, nothing where they were not read: `{port, udp, targets}`, the targets `{instance,
    /// address, load_balancer, port, ipv6, keeps_client, cross_zone, state}` with one of the first
    /// three, and with a state unless the target is healthy.
    pub const LOAD_BALANCER: &str = "load_balancer";
    /// The instances of an Elastic Beanstalk environment as they run; its id is its name. `vpc`, and
    /// `interfaces` as `{instance, subnet, security_groups, private_ip, public_ip, ipv6_addresses}`.
    pub const ENVIRONMENT: &str = "elastic_beanstalk_environment";
    /// Those of these kinds that `existing` looks up, to be ends of sentences.
    pub const LOOKED_UP: [&str; 2] = [LOAD_BALANCER, ENVIRONMENT];
    /// A prefix list: `service`, if it is AWS's, and `entries`.
    pub const PREFIX_LIST: &str = "prefix_list";
    /// What AWS says of a route and its table's kind does not: `vpc`, `table`, `destination`,
    /// `target`, `blackhole`. Its id is the table's and the destination.
    pub const ROUTE: &str = "route";
}

/// Looked-up values that are no resources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Public SSM parameters by name: the id of the newest AMI.
    pub parameters: BTreeMap<String, String>,
}

/// One resource as AWS has it, already in the form that is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// Its kind.
    pub kind: KindName,
    /// The physical id that calls take: `vpc-0123…`, a function's name.
    pub id: String,
    /// What its tags say of who owns it.
    pub ownership: Ownership,
    /// The attributes of its kind. References hold the other's physical output (`vpc-0123…`); what
    /// AWS does not report is missing.
    pub attributes: Values,
    /// What AWS made, `id` included.
    pub outputs: Values,
    /// All tags but ours and those that AWS reserves (`aws:…`).
    pub tags: BTreeMap<String, String>,
    /// Whether it can be used.
    pub condition: Condition,
    /// Changes that AWS has accepted for later (an RDS maintenance window), by attribute.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scheduled: Values,
}

/// What the ownership tags of a resource say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// `trueup:stack`.
    pub stack: Option<String>,
    /// `trueup:address`.
    pub address: Option<Address>,
    /// `trueup:spec`: the hash of the wish that was last applied.
    pub spec: Option<String>,
    /// `trueup:secret`: the slow hash of the write-only attributes that were last applied.
    pub secret: Option<String>,
    /// `trueup:keep`: what the stack last said of how it may leave.
    #[serde(default, skip_serializing_if = "Keep::is_nothing")]
    pub keep: Keep,
    /// Another tool that owns it, from its reserved tags: `CloudFormation stack web`.
    pub other: Option<String>,
}

/// What a stack says of how a resource may leave. It is written on the resource, so that it holds
/// when the stack no longer names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// It stays in AWS, without our tags: `on_destroy: retain`.
    pub retain: bool,
    /// Deleting it is refused: `protect: true`.
    pub protect: bool,
}

/// Whether a resource can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It can, and nothing is pending.
    Ready,
    /// Not yet, in AWS's word for the state.
    Pending(String),
    /// Not until somebody helps, in AWS's word for the state; what it holds is still there, so it is
    /// no reason to replace it.
    Impaired(String),
    /// It never will, in AWS's words for state and reason.
    Failed(String),
    /// It is being deleted.
    Deleting(String),
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// The kind.
    pub kind: KindName,
    /// The one resource; none if nothing of that kind could be read.
    pub address: Option<Address>,
    /// The API action, as `rds:DescribeDBInstances`.
    pub action: String,
    /// AWS's code and message.
    pub message: String,
}

/// The tag that says which stack owns a resource.
pub const STACK_TAG: &str = "trueup:stack";
/// The tag that says which resource of the stack it is.
pub const ADDRESS_TAG: &str = "trueup:address";
/// The tag with the hash of the wish that was last applied.
pub const SPEC_TAG: &str = "trueup:spec";
/// The tag with the slow hash of the write-only attributes that were last applied.
pub const SECRET_TAG: &str = "trueup:secret";
/// The tag that says how a resource may leave: `retain`, `protect`, or both. What says neither has
/// no such tag.
pub const KEEP_TAG: &str = "trueup:keep";

impl Live {
    /// Whether this stack owns it.
    pub fn is_owned_by(&self, stack: &str) -> bool {
        self.ownership.stack.as_deref() == Some(stack)
    }

    /// Whether it is on its way out: somebody has asked AWS to delete it.
    pub fn is_deleting(&self) -> bool {
        matches!(self.condition, Condition::Deleting(_))
    }

    /// An attribute, also where an output has the same name.
    pub fn get_attribute(&self, name: &str) -> &Value {
        const NOTHING: &Value = &Value::Null;
        self.attributes.get(name).unwrap_or(NOTHING)
    }

    /// An output or, where there is none of that name, an attribute.
    pub fn get(&self, name: &str) -> &Value {
        const NOTHING: &Value = &Value::Null;
        self.outputs.get(name).or_else(|| self.attributes.get(name)).unwrap_or(NOTHING)
    }
}

impl Ownership {
    /// Splits all tags of a resource into what they say of its owner and the tags proper.
    pub fn split(
        tags: impl IntoIterator<Item = (String, String)>,
    ) -> (Self, BTreeMap<String, String>) {
        let mut ownership = Self::default();
        let mut rest = BTreeMap::new();
        for (key, value) in tags {
            match key.as_str() {
                STACK_TAG => ownership.stack = Some(value),
                ADDRESS_TAG => ownership.address = Address::from_tag(&value).ok(),
                SPEC_TAG => ownership.spec = Some(value),
                SECRET_TAG => ownership.secret = Some(value),
                KEEP_TAG => ownership.keep = Keep::from_tag(&value),
                "aws:cloudformation:stack-name" => {
                    ownership.other = Some(format!("CloudFormation stack {value}"));
                }
                "elasticbeanstalk:environment-name" => {
                    ownership.other = Some(format!("Elastic Beanstalk environment {value}"));
                }
                // AWS reserves the prefix: nobody can write or remove such a tag.
                _ if key.starts_with("aws:") => {}
                _ => {
                    rest.insert(key, value);
                }
            }
        }
        (ownership, rest)
    }

    /// The tags that say this; what is `None` gives no tag.
    pub fn to_tags(&self) -> BTreeMap<String, String> {
        let address = self.address.as_ref().map(Address::to_tag);
        let tags = [
            (STACK_TAG, self.stack.clone()),
            (ADDRESS_TAG, address),
            (SPEC_TAG, self.spec.clone()),
            (SECRET_TAG, self.secret.clone()),
            (KEEP_TAG, self.keep.to_tag()),
        ];
        tags.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

impl Keep {
    /// Whether it may leave in any way.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Reads the tag. A word that is none protects: better once too often.
    fn from_tag(tag: &str) -> Self {
        let words = || tag.split(KEEP_BOTH).map(str::trim).filter(|word| !word.is_empty());
        Self {
            retain: words().any(|word| word == RETAIN),
            protect: words().any(|word| word != RETAIN),
        }
    }

    /// The tag, in characters that every service takes.
    fn to_tag(self) -> Option<String> {
        match (self.retain, self.protect) {
            (false, false) => None,
            (true, false) => Some(RETAIN.to_owned()),
            (false, true) => Some(PROTECT.to_owned()),
            (true, true) => Some(format!("{RETAIN}{KEEP_BOTH}{PROTECT}")),
        }
    }
}

const RETAIN: &str = "retain";
const PROTECT: &str = "protect";
const KEEP_BOTH: char = '+';

/// What is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The stack whose resources are discovered.
    pub stack: String,
    /// What the stack names, so that it is found even without its tags.
    pub expected: Vec<Expected>,
    /// What is looked up, in order of address.
    pub existing: Vec<crate::stack::Existing>,
    /// Names of public SSM parameters.
    pub parameters: Vec<String>,
    /// How much of what surrounds the stack in its networks; nothing if no proof needs it.
    pub around: Option<Around>,
}

/// How much is read of what surrounds a stack. Tables, ACLs, groups, gateways and subnets always
/// are; what follows costs calls of its own, and is read as well where a route or a rule names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Around {
    /// Endpoints: an end is an AWS service.
    pub endpoints: bool,
    /// Load balancers: something of the stack is to be reached, or not.
    pub balancers: bool,
    /// Interfaces, load balancers, peerings, endpoints: an end is a network, or anything may be
    /// asked.
    pub everything: bool,
}

/// One resource that a stack names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Its address.
    pub address: Address,
    /// Its physical name, where its kind has one and it is known.
    pub name: Option<String>,
    /// The physical id to adopt.
    pub adopt: Option<String>,
    /// What it carries if it is as the stack wants it. Where a service that lags behind tells something
    /// else, the one that knows is asked.
    pub ownership: Ownership,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_something_may_leave_is_a_tag_and_back() {
        for (retain, protect) in [(false, false), (true, false), (false, true), (true, true)] {
            let keep = Keep { retain, protect };
            let tags = Ownership { keep, ..Ownership::default() }.to_tags();
            assert_eq!(tags.len(), usize::from(retain || protect));
            assert_eq!(Ownership::split(tags).0.keep, keep);
        }
        let odd = Ownership::split([(KEEP_TAG.to_owned(), "retain+for ever".to_owned())]).0.keep;
        assert_eq!(odd, Keep { retain: true, protect: true });
    }
}
