//! What the rules of security groups let through where no sentence speaks of it.

use std::collections::{BTreeMap, BTreeSet};

use trueup_model::Address;
use trueup_model::proof::Verdict;
use trueup_model::stack::{End, Sentence};

use super::arrows::short;
use crate::network::Asked;
use crate::picture::Subject;
use crate::picture::known::places::Places;
use crate::picture::known::read::{Name, Part};

/// The pairs of families that are asked about: a picture, not a proof.
const QUESTIONS: usize = 150;

/// The pairs that the rules of the groups speak of and between which packets really pass, each with
/// the way that they take.
pub(crate) fn open(subject: &Subject<'_>, places: &Places<'_>) -> Vec<(Sentence, Vec<String>)> {
    let pairs: Vec<Sentence> = pairs(places).into_iter().take(QUESTIONS).map(sentence).collect();
    let asked = pairs.iter().map(|pair| Asked {
        from: pair.from.clone(),
        to: pair.to.clone(),
        port: pair.port,
        protocol: pair.protocol.clone(),
        text: pair.text.clone(),
    });
    let asked = asked.collect();
    let answers = subject.question().reach_each(asked);
    let open =
        pairs.into_iter().zip(answers).filter(|(_, answer)| answer.verdict == Verdict::Proved);
    open.map(|(pair, answer)| (pair, answer.evidence)).collect()
}

/// An end as data that sorts: the internet, a network, or a resource or family.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Internet,
    Network(String),
    Resource(Address),
}

type Pair = (Party, Party, u16, String);

fn sentence((from, to, port, protocol): Pair) -> Sentence {
    let end = |party: Party| match party {
        Party::Internet => End::Internet,
        Party::Network(cidr) => End::Cidr(cidr),
        Party::Resource(address) => End::Resource(address),
    };
    let (from, to) = (end(from), end(to));
    let text = format!("{} reaches {} on {port}", short(&from), short(&to));
    let (port, protocol) = (Some(port), Some(protocol));
    Sentence { text, from, to, negated: false, port, protocol, location: None }
}

/// Who may speak to whom on which port, by the rules that name one.
fn pairs(places: &Places<'_>) -> BTreeSet<Pair> {
    let members = members(places);
    let none = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for group in places.things.values().filter(|thing| thing.kind() == "security_group") {
        let own = members.get(&group.name()).unwrap_or(&none);
        for (attribute, peer) in [("ingress", "from"), ("egress", "to")] {
            let part = group.get(attribute, &places.meanings);
            for rule in part.elements() {
                let Some((number, protocol)) = port(rule) else { continue };
                let names = rule.field(peer).names();
                let others = names.iter().flat_map(|name| parties(name, &members));
                for (us, them) in
                    others.flat_map(|them| own.iter().map(move |us| (us, them.clone())))
                {
                    let (from, to) = match attribute {
                        "ingress" => (them, us.clone()),
                        _ => (us.clone(), them),
                    };
                    if from != to {
                        pairs.insert((from, to, number, protocol.clone()));
                    }
                }
            }
        }
    }
    pairs
}

/// Who is in each group. A family has one group for all its instances, and is asked about as one.
fn members(places: &Places<'_>) -> BTreeMap<Name, BTreeSet<Party>> {
    let mut members: BTreeMap<Name, BTreeSet<Party>> = BTreeMap::new();
    for thing in places.things.values().filter(|thing| thing.resource.is_some()) {
        let Some(address) = thing.address() else { continue };
        for group in thing.names("security_groups", &places.meanings) {
            members.entry(group).or_default().insert(Party::Resource(address.family()));
        }
    }
    members
}

fn parties(name: &str, members: &BTreeMap<Name, BTreeSet<Party>>) -> BTreeSet<Party> {
    match name {
        "0.0.0.0/0" | "::/0" | "internet" => BTreeSet::from([Party::Internet]),
        _ if name.parse::<ipnet::IpNet>().is_ok() => {
            BTreeSet::from([Party::Network(name.to_owned())])
        }
        _ => members.get(name).cloned().unwrap_or_default(),
    }
}

/// The one port that a rule is for.
fn port(rule: &Part) -> Option<(u16, String)> {
    let text = |field: &str| match rule.field(field) {
        Part::Text(text) => Some(text.clone()),
        _ => None,
    };
    let port = text("port")?.parse().ok().filter(|port| *port > 0)?;
    let protocol = text("protocol").unwrap_or_else(|| "tcp".to_owned());
    matches!(protocol.as_str(), "tcp" | "udp").then_some((port, protocol))
}
