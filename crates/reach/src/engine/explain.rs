//! Evidence: for one packet, what each stage says.

use super::Engine;
use super::filters;
use super::listening;
use super::path::{Check, Path, Stage};
use super::stages::piece_words;
use crate::network::{AclRule, Direction, Origin};
use crate::packets::{Packet, Traffic, number};
use crate::verdict::Hop;

impl Stage<'_> {
    /// How the packet looks here: one that passes, or one that does not.
    pub(super) fn appearance(&self, packet: &Packet, passing: bool) -> Option<Packet> {
        let all = self.view.appearances(packet);
        let some =
            if passing { all.intersection(&self.allowed) } else { all.difference(&self.allowed) };
        let seen = some.sample().or_else(|| all.sample())?;
        if self.view.reply { seen.reply() } else { Some(seen) }
    }
}

impl Engine<'_> {
    /// What lets a packet through at each place of its way. A soft stage that would stop it says
    /// why nothing is promised.
    pub(super) fn hops(&self, path: &Path<'_>, packet: &Packet) -> Vec<Hop> {
        path.stages.iter().filter_map(|stage| self.hop(stage, packet)).collect()
    }

    fn hop(&self, stage: &Stage<'_>, packet: &Packet) -> Option<Hop> {
        if let Check::Fact { at, text, .. } = &stage.check {
            return Some(Hop { at: at.clone(), rule: text.clone(), reply: stage.view.reply });
        }
        let seen = stage.appearance(packet, true)?;
        let (at, rule) = match &stage.check {
            Check::Fact { .. } => return None,
            Check::Group { site, direction, peer } => {
                let found =
                    filters::rule_for(self.network, &self.index, site, *direction, *peer, &seen);
                let Some((group, rule)) = found else {
                    return Some(Hop {
                        at: site.words.clone(),
                        rule: "no security group filters here".to_owned(),
                        reply: false,
                    })
                    .filter(|_| site.resource.is_some());
                };
                let word = preposition(*direction);
                let text = format!("{direction} {} {word} {}", rule.traffic, rule.peer);
                (self.group_words(group), rule_words(&text, &rule.origin))
            }
            Check::Acl { subnet, direction } => {
                let (at, rule) = self.acl_rule(subnet, *direction, &seen);
                let text = rule.map_or_else(
                    || "the default ACL allows everything".to_owned(),
                    |rule| acl_words(rule, *direction),
                );
                (at, text)
            }
            Check::Listening { site } => {
                (site.words.clone(), format!("it listens for {}", Traffic::of(&seen)))
            }
            Check::Route { subnet, .. } => {
                let piece = self.routing(subnet).piece(number(seen.target));
                let text = piece.map_or_else(String::new, |piece| piece_words(piece));
                (self.table_words(subnet), text)
            }
        };
        Some(Hop { at, rule, reply: stage.view.reply })
    }

    /// Where and why a packet stops at a stage.
    pub(super) fn obstacle(&self, stage: &Stage<'_>, packet: &Packet) -> Hop {
        let seen = stage.appearance(packet, false).unwrap_or(*packet);
        let reply = stage.view.reply;
        let (at, rule) = match &stage.check {
            Check::Fact { at, text, .. } => (at.clone(), text.clone()),
            Check::Group { site, direction, .. } => {
                let groups: Vec<String> = site.groups.iter().map(|g| self.group_words(g)).collect();
                let other = filters::peer_of(*direction, &seen);
                let word = preposition(*direction);
                let what = Traffic::of(&seen);
                let text = format!("no {direction} rule allows {what} {word} {other}");
                (groups.join(", "), text)
            }
            Check::Acl { subnet, direction } => {
                let (at, rule) = self.acl_rule(subnet, *direction, &seen);
                let what = Traffic::of(&seen);
                let other = filters::peer_of(*direction, &seen);
                let word = preposition(*direction);
                let text = rule.map_or_else(
                    || format!("no {direction} rule allows {what} {word} {other}"),
                    |rule| format!("{} denies {what} {word} {other}", acl_words(rule, *direction)),
                );
                let answer = if reply { ", which is the answer" } else { "" };
                (at, format!("{text}{answer}"))
            }
            Check::Listening { site } => {
                (site.words.clone(), listening::not_words(site, Traffic::of(&seen)))
            }
            Check::Route { subnet, want } => {
                let piece = self.routing(subnet).piece(number(seen.target));
                let found = piece.map_or("no route".to_owned(), |piece| piece_words(piece));
                let to = want.as_ref().map_or(String::new(), |want| format!(", not to {want}"));
                let answer = if reply { " for the answer" } else { "" };
                (self.table_words(subnet), format!("{found}{answer} to {}{to}", seen.target))
            }
        };
        Hop { at, rule, reply }
    }

    /// The ACL of a subnet and its rule that decides about a packet as it is seen there.
    pub(super) fn acl_rule(
        &self,
        subnet: &str,
        direction: Direction,
        seen: &Packet,
    ) -> (String, Option<&AclRule>) {
        let Some(name) = self.index.acl_of.get(subnet) else {
            let subnet_words = self.network.subnets[subnet].origin.words(subnet);
            return (format!("the network ACL of {subnet_words}"), None);
        };
        let acl = &self.network.network_acls[*name];
        let ordered = filters::in_order(acl.rules(direction));
        let rule = ordered.into_iter().find(|rule| filters::matches(rule, direction, seen));
        (acl.origin.words(name), rule)
    }

    pub(super) fn group_words(&self, name: &str) -> String {
        let group = self.network.security_groups.get(name);
        group.map_or_else(|| name.to_owned(), |group| group.origin.words(name))
    }
}

/// A rule's text with the place in the stack that says so.
pub(crate) fn rule_words(text: &str, origin: &Origin) -> String {
    match (origin.label.is_empty(), &origin.location) {
        (true, None) => text.to_owned(),
        (true, Some(location)) => format!("{text} ({location})"),
        (false, _) => format!("{text}, {}", origin.words("")),
    }
}

pub(super) fn preposition(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    }
}

fn acl_words(rule: &AclRule, direction: Direction) -> String {
    let AclRule { number, allow, traffic, cidr, origin } = rule;
    let verb = if *allow { "allow" } else { "deny" };
    let word = preposition(direction);
    rule_words(&format!("{direction} rule {number}: {verb} {traffic} {word} {cidr}"), origin)
}
