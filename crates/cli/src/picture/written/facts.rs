//! What is behind each box, for the panel of the page.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trueup_model::change::After;
use trueup_model::value::SENSITIVE;
use trueup_model::{Change, Location};

use crate::picture::Subject;
use crate::picture::known::places::Places;
use crate::picture::known::read::{Name, Part, Thing, Whose};
use crate::picture::placed::paper::Paper;
use crate::picture::shown::diagram::{Mark, word};
use crate::picture::shown::words;
use crate::render::value;

/// What is known of everything in a picture.
#[derive(Debug, Serialize)]
pub(crate) struct Facts {
    /// By name.
    things: BTreeMap<Name, About>,
    /// What a box stands for, where that is more than itself.
    boxes: BTreeMap<Name, Vec<Name>>,
}

/// What is known of one thing.
#[derive(Debug, Default, Serialize)]
struct About {
    what: String,
    place: Option<String>,
    change: Option<Changed>,
    rules: Vec<Rule>,
    sentences: Vec<Judged>,
    attributes: Vec<(String, String)>,
    tags: Vec<(String, String)>,
    uses: BTreeSet<Name>,
    used_by: BTreeSet<Name>,
}

#[derive(Debug, Serialize)]
struct Changed {
    word: &'static str,
    attributes: Vec<(String, String, String)>,
}

#[derive(Debug, Serialize)]
struct Rule {
    direction: &'static str,
    traffic: String,
    peers: String,
}

#[derive(Debug, Serialize)]
struct Judged {
    verdict: &'static str,
    text: String,
    evidence: Vec<String>,
}

impl Facts {
    pub(crate) fn of(subject: &Subject<'_>, places: &Places<'_>, paper: &Paper) -> Self {
        let mut things: BTreeMap<Name, About> = BTreeMap::new();
        for (name, thing) in &places.things {
            things.insert(name.clone(), about(subject, places, thing));
        }
        let uses: Vec<(Name, Name)> = things
            .iter()
            .flat_map(|(name, about)| about.uses.iter().map(|used| (used.clone(), name.clone())))
            .collect();
        for (used, by) in uses {
            if let Some(about) = things.get_mut(&used) {
                about.used_by.insert(by);
            }
        }
        let shapes = paper.shapes.iter();
        let boxes = shapes.filter_map(|shape| Some((shape.name.clone()?, shape.members.clone())));
        let boxes = boxes.filter(|(name, members)| *members != [name.clone()]);
        Self { things, boxes: boxes.filter(|(_, members)| !members.is_empty()).collect() }
    }
}

fn about(subject: &Subject<'_>, places: &Places<'_>, thing: &Thing<'_>) -> About {
    let kind = subject.catalog.get(thing.kind());
    let location = thing.resource.and_then(|resource| resource.location.as_ref());
    let changes = subject.plan.changes.iter().filter(|_| subject.is_planned);
    let is_its = |change: &&Change| Some(&change.address) == thing.address();
    let change = changes.filter(is_its).find_map(changed);
    About {
        what: kind.map(|kind| kind.summary.to_owned()).unwrap_or_default(),
        place: match thing.whose {
            Whose::Stack(_) => location.map(place),
            Whose::LookedUp(_) => Some("looked up, never changed".to_owned()),
            Whose::Others(_) => Some(format!("{}, not of this stack", of_others(thing, places))),
        },
        change,
        rules: rules(places, thing),
        sentences: sentences(subject, thing),
        attributes: attributes(subject, places, thing),
        tags: tags(places, thing),
        uses: uses(places, thing),
        used_by: BTreeSet::new(),
    }
}

fn of_others(thing: &Thing<'_>, places: &Places<'_>) -> String {
    words::note(thing, &places.meanings)
}

fn place(location: &Location) -> String {
    format!("{}, line {}", location.file, location.line)
}

fn changed(change: &Change) -> Option<Changed> {
    let attributes = change.attributes.iter().map(|attribute| {
        let (before, after) = match &attribute.after {
            After::Value(after) => (value::inline(&attribute.before), value::inline(after)),
            After::Unknown(what) => {
                (value::inline(&attribute.before), format!("(known after apply: {what})"))
            }
            After::Sensitive => (SENSITIVE.to_owned(), SENSITIVE.to_owned()),
        };
        (attribute.path.clone(), before, after)
    });
    Some(Changed { word: Mark::of(change.action)?.word(), attributes: attributes.collect() })
}

/// Everything that the file states or AWS has; what is not there is not said.
fn attributes(
    subject: &Subject<'_>,
    places: &Places<'_>,
    thing: &Thing<'_>,
) -> Vec<(String, String)> {
    let wanted = thing.resource.into_iter().flat_map(|resource| resource.attributes.keys());
    let live = thing.live.into_iter().flat_map(|live| live.attributes.keys());
    let names: BTreeSet<&String> = wanted.chain(live).collect();
    let kind = subject.catalog.get(thing.kind());
    let stated = names.into_iter().filter_map(|name| {
        let part = thing.get(name, &places.meanings);
        let attribute = kind.and_then(|kind| kind.attribute(name));
        let words = match part {
            Part::Nothing => return None,
            _ if attribute.is_some_and(|attribute| attribute.sensitive) => SENSITIVE.to_owned(),
            part => part.words(),
        };
        Some((name.clone(), words))
    });
    stated.filter(|(name, _)| name != "ingress" && name != "egress").collect()
}

fn tags(places: &Places<'_>, thing: &Thing<'_>) -> Vec<(String, String)> {
    let Some(resource) = thing.resource else {
        let tags = thing.live.map(|live| live.tags.clone()).unwrap_or_default();
        return tags.into_iter().collect();
    };
    let tags = resource.tags.iter();
    tags.map(|(key, tag)| (key.clone(), places.meanings.part(tag).words())).collect()
}

fn rules(places: &Places<'_>, thing: &Thing<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (direction, peer) in [("ingress", "from"), ("egress", "to")] {
        for rule in thing.get(direction, &places.meanings).elements() {
            let traffic = ["protocol", "port"].map(|field| rule.field(field).words());
            let traffic: Vec<String> =
                traffic.into_iter().filter(|word| !word.is_empty()).collect();
            let peers = rule.field(peer).names().join(", ");
            rules.push(Rule { direction, traffic: traffic.join(" "), peers });
        }
    }
    rules
}

fn sentences(subject: &Subject<'_>, thing: &Thing<'_>) -> Vec<Judged> {
    use trueup_model::stack::End;
    let speaks = |end: &End| match end {
        End::Resource(address) => thing.address().is_some_and(|own| {
            own == address || (address.key.is_none() && own.is_instance_of(address))
        }),
        End::Existing(address) => matches!(thing.whose, Whose::LookedUp(own) if own == address),
        End::Internet | End::Cidr(_) | End::Service(_) => false,
    };
    let both = subject.plan.expect.iter().zip(&subject.plan.proofs);
    both.filter(|(sentence, _)| speaks(&sentence.from) || speaks(&sentence.to))
        .map(|(_, proof)| Judged {
            verdict: word(proof.verdict),
            text: proof.text.clone(),
            evidence: proof.evidence.clone(),
        })
        .collect()
}

/// What it refers to.
fn uses(places: &Places<'_>, thing: &Thing<'_>) -> BTreeSet<Name> {
    let mut used = BTreeSet::new();
    if let Some(resource) = thing.resource {
        let references = resource.references.iter().map(|used| &used.to);
        for reference in references {
            let expression = trueup_model::Expression::Reference(reference.clone());
            used.extend(places.meanings.part(&expression).names());
        }
        for address in &resource.depends_on {
            used.extend(
                places.meanings.stack.instances(address).map(|one| one.address.to_string()),
            );
        }
    } else if let Some(live) = thing.live {
        let names = live.attributes.values().flat_map(|value| places.meanings.value(value).names());
        used.extend(names.filter(|name| places.things.contains_key(name)));
    }
    used.remove(&thing.name());
    used
}
