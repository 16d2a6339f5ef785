//! The section `expect`: sentences about who reaches whom.

use trueup_model::stack::{End, Sentence};
use trueup_model::{Expression, Value};

use super::check::network;
use super::scope::{Findings, Standpoint};
use super::{Loader, Reported};
use crate::source::Span;
use crate::suggest;
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
            return Err(fault("this sentence says neither `reaches` nor `does not reach`"));
        };
        let (to, port) = match to.rsplit_once(" on ") {
            Some((to, port)) => (to, Some(port)),
            None => (to, None),
        };
        let (port, protocol) = match port {
            Some(port) => {
                let (port, protocol) = self.port(port.trim(), node.span)?;
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

    fn port(&self, text: &str, span: Span) -> Result<(u16, String), Reported> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        match (number.parse(), protocol) {
            (Ok(port), "tcp" | "udp") if port > 0 => Ok((port, protocol.to_owned())),
            _ => {
                let message = format!("'{text}' is not a port");
                let error = self.error("bad-sentence", message, span);
                Err(self.report(error.help("a port is a number from 1 to 65535, as 443 or 53/udp")))
            }
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
        if text.contains('.') && text.parse::<std::net::IpAddr>().is_err() {
            let addresses = self.addresses(0, text, span)?;
            let address = text.parse().ok().or_else(|| addresses.first().cloned());
            return address.map(End::Resource).ok_or(Reported);
        }
        let message = format!("'{text}' is neither an address, `internet`, a CIDR nor a service");
        let error = self.error("bad-sentence", message, span);
        let help = match network(text) {
            Err(Some(meant)) => format!("did you mean {meant}?"),
            _ => match suggest::nearest(text, SERVICES.into_iter().chain(["internet"])) {
                Some(word) => format!("did you mean '{word}'?"),
                None => HELP.to_owned(),
            },
        };
        Err(self.report(error.help(help)))
    }
}
