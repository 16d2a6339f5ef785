//! What lets packets through or not: groups, ACLs and the prefix lists in their rules.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Name, Origin};
use crate::packets::Traffic;

/// Into or out of the thing that a rule belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Inbound.
    Ingress,
    /// Outbound.
    Egress,
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        })
    }
}

/// A security group: stateful, so answers need no rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// The VPC.
    pub vpc: Name,
    /// Whether it is the VPC's default group, which cannot be deleted.
    #[serde(default)]
    pub default: bool,
    /// Who may come in.
    #[serde(default)]
    pub ingress: Vec<GroupRule>,
    /// Where its members may go. AWS's rule that allows everything must be written here if it is
    /// there: an empty list lets nothing out.
    #[serde(default)]
    pub egress: Vec<GroupRule>,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

impl SecurityGroup {
    /// The rules of one direction.
    pub fn rules(&self, direction: Direction) -> &[GroupRule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// A rule of a security group; it can only allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRule {
    /// What it allows.
    pub traffic: Traffic,
    /// From or to whom.
    pub peer: Peer,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// The other side of a group's rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Addresses.
    Cidr(IpNet),
    /// The private addresses of a group's members; the group itself for `self`.
    Group(Name),
    /// The addresses of a prefix list.
    PrefixList(Name),
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cidr(net) => write!(f, "{net}"),
            Self::Group(name) | Self::PrefixList(name) => write!(f, "{name}"),
        }
    }
}

/// A network ACL: stateless, evaluated where packets cross a subnet's border. What no rule
/// matches is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkAcl {
    /// The VPC.
    pub vpc: Name,
    /// Whether it serves the subnets that are associated with no ACL.
    #[serde(default)]
    pub default: bool,
    /// The subnets associated with it.
    #[serde(default)]
    pub subnets: Vec<Name>,
    /// Inbound rules, in any order: their numbers count.
    #[serde(default)]
    pub ingress: Vec<AclRule>,
    /// Outbound rules.
    #[serde(default)]
    pub egress: Vec<AclRule>,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

impl NetworkAcl {
    /// The rules of one direction.
    pub fn rules(&self, direction: Direction) -> &[AclRule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    pub(crate) fn rules_mut(&mut self, direction: Direction) -> &mut Vec<AclRule> {
        match direction {
            Direction::Ingress => &mut self.ingress,
            Direction::Egress => &mut self.egress,
        }
    }
}

/// A rule of a network ACL; the lowest number that matches decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AclRule {
    /// Its place in the order.
    pub number: u16,
    /// Whether it allows or denies.
    pub allow: bool,
    /// Which traffic.
    pub traffic: Traffic,
    /// Where from (inbound) or where to (outbound).
    pub cidr: IpNet,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}

/// A prefix list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrefixList {
    /// The AWS service whose addresses these are, `s3`; none for a list of the account's own.
    #[serde(default)]
    pub service: Option<String>,
    /// The prefixes; `None` where they are not known (AWS's lists before anything was read).
    /// The engine then works with a stand-in that only this list and 0.0.0.0/0 cover.
    pub entries: Option<Vec<IpNet>>,
    /// In the words of the stack.
    #[serde(default)]
    pub origin: Origin,
}
