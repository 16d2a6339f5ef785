//! `trueup reach`: who reaches whom.

use clap::Args;
use trueup_model::proof::Verdict;
use trueup_model::stack::End;
use trueup_model::{Address, Stack};

use crate::arguments::{Permissions, StackFile};
use crate::context::{Context, View};
use crate::error::Error;
use crate::exit;
use crate::network::{Asked, Question};
use crate::render::{json, question};
use crate::situation::Intent;

/// Ask whether one thing reaches another, for every packet
///
/// FROM and TO are addresses of the stack (also existing.load_balancer.front, of what it looks up),
/// 'internet', networks, or AWS services (s3, ssm). The
/// answer is the way that packets take, or where they stop and the smallest change that would let
/// them pass. Exit code 0: it reaches; 4: it does not, or not for every packet; 1: that cannot be
/// said.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// Who starts the connection
    from: String,
    /// Who is to be reached
    to: String,
    #[command(flatten)]
    stack: StackFile,
    /// The port: 5432, 53/udp
    #[arg(long, value_name = "N[/udp]", value_parser = port)]
    port: Option<(u16, String)>,
    /// Ask the network that the plan leads to, not the live one
    #[arg(long)]
    planned: bool,
}

impl Reach {
    pub(crate) async fn run(&self, context: &mut Context) -> Result<u8, Error> {
        let situation = context.look_at(self.stack.stack.as_deref(), View::Network).await?;
        let stack = &situation.stack;
        let (from, to) = (end(&self.from, stack)?, end(&self.to, stack)?);
        let plan =
            situation.plan(&Intent { destroy: false, permissions: Permissions::default() })?;
        let port = self.port.clone();
        let on = port.as_ref().map(|(port, protocol)| format!(" on {protocol} {port}"));
        let text = format!("{} -> {}{}", self.from, self.to, on.unwrap_or_default());
        let asked = Asked {
            from,
            to,
            port: port.as_ref().map(|(port, _)| *port),
            protocol: port.map(|(_, protocol)| protocol),
            text: text.clone(),
        };
        let (snapshot, planned) = (&situation.snapshot, self.planned);
        let answer = Question { stack, snapshot, plan: &plan, planned }.reach(asked);
        context.terminal.print(&if context.global.json {
            json::pretty(&question::answer_document(&text, planned, &answer))
        } else {
            question::answer(&text, planned, &answer, &context.terminal.look())
        })?;
        Ok(match answer.verdict {
            Verdict::Proved => exit::DONE,
            Verdict::Broken => exit::FORBIDDEN,
            Verdict::Unknown => exit::ERROR,
        })
    }
}

fn end(text: &str, stack: &Stack) -> Result<End, Error> {
    if text == "internet" {
        return Ok(End::Internet);
    }
    if let Ok(network) = text.parse::<ipnet::IpNet>() {
        if network.trunc() != network {
            let (network, host) = (network.trunc(), network.addr());
            return Err(Error::Usage {
                message: format!("'{text}' is no network: it begins at another address"),
                help: format!("write {network} for all of it, or {host} for this address alone"),
            });
        }
        return Ok(End::Cidr(text.to_owned()));
    }
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return Ok(End::Cidr(ipnet::IpNet::from(address).to_string()));
    }
    if trueup_stack::SERVICES.contains(&text) {
        return Ok(End::Service(text.to_owned()));
    }
    resource(text, stack)
}

/// A resource that the stack has or looks up.
pub(super) fn resource(text: &str, stack: &Stack) -> Result<End, Error> {
    let address = text.parse::<Address>().ok();
    if let Some(address) = address.filter(|address| stack.instances(address).next().is_some()) {
        return Ok(End::Resource(address));
    }
    let looked_up = Address::of_existing(text);
    if let Some(address) = looked_up.filter(|address| stack.existing.contains_key(address)) {
        return Ok(End::Existing(address));
    }
    let looked_up = stack.existing.keys().map(|address| format!("existing.{address}"));
    let known = stack.resources.keys().map(ToString::to_string).chain(looked_up);
    let known: Vec<String> = known.collect();
    Err(Error::Usage {
        message: format!("the stack has no '{text}'"),
        help: advice(text, &known).unwrap_or_else(|| {
            "name a resource (instance.bastion), 'internet', a network or an AWS service".to_owned()
        }),
    })
}

/// What was probably meant: an address without its kind, one with a port on it, or a word nearby.
fn advice(text: &str, known: &[String]) -> Option<String> {
    if let Some((end, port)) = text.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok())
    {
        return Some(format!("name the port apart: {end} --port {port}"));
    }
    let suffix = format!(".{text}");
    let same: Vec<&str> =
        known.iter().filter(|address| address.ends_with(&suffix)).map(String::as_str).collect();
    if !same.is_empty() {
        return Some(format!("did you mean {}?", same.join(" or ")));
    }
    let words = known.iter().map(String::as_str).chain(["internet"]);
    let word = trueup_stack::nearest(text, words.chain(trueup_stack::SERVICES))?;
    Some(format!("did you mean '{word}'?"))
}

fn port(text: &str) -> Result<(u16, String), String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    match (number.parse(), protocol) {
        (Ok(port), "tcp" | "udp") if port > 0 => Ok((port, protocol.to_owned())),
        _ => Err("a port is a number from 1 to 65535, as 443 or 53/udp".to_owned()),
    }
}
