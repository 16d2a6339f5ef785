//! The section `expect`: sentences about who reaches whom.

mod advice;

use trueup_model::snapshot::around::LOOKED_UP;
use trueup_model::stack::{End, Sentence};
use trueup_model::{Address, Expression, Value};

use super::check::network;
use super::scope::{Findings, Standpoint};
use super::{Loader, Reported};
use crate::source::Span;
use crate::yaml::Node;

/// Services of AWS that sentences can name: those with a VPC endpoint that stacks use.
pub const SERVICES: [&str; 18] = [
    "s3",
    "dynamodb",
    "ssm",
    "ssmmessages",
    "ec2messages",
    "ec2",
    "secretsmanager",
    "kms",
    "sts",
    "logs",
    "monitoring",
    "lambda",
    "sqs",
    "sns",
    "ecr",
    "elasticloadbalancing",
    "rds",
    "events",
];

/// The kinds that send or receive; the others decide what passes.
const ENDS: [&str; 3] = ["instance", "db_instance", "lambda_function"];

const HELP: &str = "write `FROM reaches TO on PORT`, or `FROM does not reach TO`";

impl Loader<'_> {
    /// The sentences that are as they should be.
    pub(super) fn sentences(&self) -> Vec<Sentence> {
        let Some(section) = self.units[0].section("expect").filter(|s| !s.value.is_null()) else {
            return Vec::new();
        };
        let Some(nodes) = section.value.elements() else {
            let found = section.value.describe();
            let message = format!("'expect' is a list of sentences, not {found}");
            self.report(self.error("wrong-type", message, section.value.span));
            return Vec::new();
        };
        nodes.iter().filter_map(|node| self.sentence(node).ok()).collect()
    }

    fn sentence(&self, node: &Node) -> Result<Sentence, Reported> {
        let fault =
            |message: &str| self.report(self.error("bad-sentence", message, node.span).help(HELP));
        let Some(written) = node.text() else {
            return Err(fault(&format!("a sentence is a text, not {}", node.describe())));
        };
        let standpoint = Standpoint { unit: 0, each: None };
        let text = self.text(standpoint, written, node.span, &mut Findings::default())?;
        let Expression::Value(Value::String(text)) = text else {
            return Err(fault("a sentence must be known from the file alone"));
        };
        let (from, to, negated) = if let Some((from, to)) = text.split_once(" does not reach ") {
            (from, to, true)
        } else if let Some((from, to)) = text.split_once(" reaches ") {
            (from, to, false)
        } else {
            return Err(self.misworded(node, written, &text));
        };
        if is_several_words(from) || from.trim().is_empty() || to.trim().is_empty() {
            return Err(self.misworded(node, written, &text));
        }
        let (to, port) = match to.rsplit_once(" on ") {
            Some((to, port)) => (to, Some(port.trim())),
            None => (to, None),
        };
        let (port, protocol) = match port {
            Some(port) => {
                let span = self.part(node, written, port);
                let (port, protocol) = self.port(port, span)?;
                (Some(port), Some(protocol))
            }
            None => (None, None),
        };
        let (from, to) = (self.end(from, node, written), self.end(to, node, written));
        Ok(Sentence {
            from: from?,
            to: to?,
            negated,
            port,
            protocol,
            location: Some(self.sources.locate(node.span)),
            text,
        })
    }

    /// That something is looked up under this address.
    fn looked_up(&self, address: Address, span: Span) -> Result<Address, Reported> {
        let unit = self.module_unit(0, &address.modules, span)?;
        let kind = address.kind.as_str();
        if !LOOKED_UP.contains(&kind) {
            self.kind_named(unit, kind, span)?;
        }
        self.check_existing(unit, kind, &address.name, span)?;
        if ENDS.contains(&kind) || LOOKED_UP.contains(&kind) {
            return Ok(address);
        }
        Err(self.no_end(&format!("existing.{address}"), span))
    }

    fn port(&self, text: &str, span: Span) -> Result<(u16, String), Reported> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        match (number.parse(), protocol) {
            (Ok(port), "tcp" | "udp") if port > 0 => Ok((port, protocol.to_owned())),
            _ => {
                let message = format!("'{text}' is not a port");
                let error = self.error("bad-sentence", message, span);
                Err(self.report(error.help(advice::port(text))))
            }
        }
    }

    /// A sentence whose verb is not one of the two.
    fn misworded(&self, node: &Node, written: &str, text: &str) -> Reported {
        let message = "this sentence says neither `reaches` nor `does not reach`";
        let reworded = advice::reworded(text);
        let (span, help) = match reworded {
            Some((verb, meant)) => {
                (self.part(node, written, &text[verb]), format!("write `{meant}`"))
            }
            None => (node.span, HELP.to_owned()),
        };
        self.report(self.error("bad-sentence", message, span).help(help))
    }

    /// Where a part of a sentence is written; the last place, as ends and ports repeat.
    fn part(&self, node: &Node, written: &str, part: &str) -> Span {
        match written.rfind(part).filter(|_| !part.is_empty()) {
            Some(start) => self.inside(node.span, written, start, start + part.len()),
            None => node.span,
        }
    }

    fn end(&self, text: &str, node: &Node, written: &str) -> Result<End, Reported> {
        let text = text.trim();
        let start = written.find(text).filter(|_| !text.is_empty());
        let span = match start {
            Some(start) => self.inside(node.span, written, start, start + text.len()),
            None => node.span,
        };
        if text == "internet" {
            return Ok(End::Internet);
        }
        if let Ok(network) = network(text) {
            return Ok(End::Cidr(network));
        }
        if SERVICES.contains(&text) {
            return Ok(End::Service(text.to_owned()));
        }
        if let Some(address) = Address::of_existing(text) {
            return self.looked_up(address, span).map(End::Existing);
        }
        let advice = match network(text) {
            Err(Some(meant)) => Some(format!("did you mean {meant}?")),
            _ => advice::with_port(text),
        };
        if text.contains('.') && advice.is_none() {
            let addresses = self.addresses(0, text, span)?;
            let address = text.parse().ok().or_else(|| addresses.first().cloned());
            let address: Address = address.ok_or(Reported)?;
            return if ENDS.contains(&address.kind.as_str()) {
                Ok(End::Resource(address))
            } else {
                Err(self.no_end(&address.to_string(), span))
            };
        }
        let message = format!("'{text}' is neither an address, `internet`, a CIDR nor a service");
        let error = self.error("bad-sentence", message, span);
        let help = advice.or_else(|| self.meant(text)).unwrap_or_else(|| HELP.to_owned());
        Err(self.report(error.help(help)))
    }

    /// What a word that is no end probably means.
    fn meant(&self, text: &str) -> Option<String> {
        let families = &self.units[0].families;
        let names = |kind: &&'static str| {
            let names = families.get(*kind).into_iter().flat_map(|names| names.keys());
            let kind = *kind;
            names.map(move |name| (kind, name.as_str()))
        };
        advice::end(text, &ENDS.iter().flat_map(names).collect::<Vec<_>>())
    }

    /// Something that neither sends nor receives.
    fn no_end(&self, address: &str, span: Span) -> Reported {
        let message =
            format!("{address} neither sends nor receives, so it is no end of a sentence");
        let help = "name what is in it or behind it: instances, databases and functions are ends, \
            load balancers and environments that are looked up, and networks (10.0.1.0/24)";
        self.report(self.error("bad-sentence", message, span).help(help))
    }
}

/// Whether a text is more than one end; a key in brackets may be anything.
fn is_several_words(text: &str) -> bool {
    text.split('[').next().is_some_and(|text| text.trim().contains(char::is_whitespace))
}
