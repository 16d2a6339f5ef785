//! Answers as text.

use std::fmt::{self, Display, Formatter};

use super::{Answer, End, Passage, Proof, Query, Relay, Sentence, Stop, Verdict};
use crate::network::{Destination, Target};

impl Display for End {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(name) | Self::Service(name) => f.write_str(name),
            Self::Internet => f.write_str("internet"),
            Self::Cidr(net) => write!(f, "{net}"),
        }
    }
}

impl Query {
    fn show(&self, f: &mut Formatter<'_>, verb: &str) -> fmt::Result {
        write!(f, "{} {verb} {}", self.from, self.to)?;
        self.traffic.map_or(Ok(()), |traffic| write!(f, " on {traffic}"))
    }
}

impl Display for Sentence {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.query.show(f, if self.negated { "does not reach" } else { "reaches" })
    }
}

impl Display for Proof {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mark = match self.holds {
            Some(true) => "holds",
            Some(false) => "broken",
            None => "unknown",
        };
        writeln!(f, "{mark}: {}", self.sentence)?;
        write!(f, "{}", self.verdict)
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verb = match &self.answer {
            Answer::Reaches { .. } => "reaches",
            Answer::Partly { .. } => "reaches in part",
            Answer::Stops { .. } => "does not reach",
        };
        self.query.show(f, verb)?;
        for passage in self.passages() {
            write!(f, "\n{passage}")?;
        }
        for stop in self.stops() {
            write!(f, "\n{stop}")?;
        }
        for relay in &self.relays {
            write!(f, "\n{relay}")?;
        }
        Ok(())
    }
}

impl Display for Passage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "  {} -> {}, for example {}", self.from, self.to, self.packet)?;
        for hop in &self.hops {
            let way = if hop.reply { "back" } else { "there" };
            write!(f, "\n    {way}: {}: {}", hop.at, hop.rule)?;
        }
        if !self.except.is_empty() {
            let nets: Vec<String> = self.except.iter().map(ToString::to_string).collect();
            write!(f, "\n    except {}", nets.join(", "))?;
        }
        Ok(())
    }
}

impl Display for Stop {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "  {} -> {} stops at {}: {}", self.from, self.to, self.at, self.reason)?;
        if let Some(packet) = &self.packet {
            write!(f, "\n    for example {packet}")?;
        }
        for hop in &self.then {
            write!(f, "\n    then at {}: {}", hop.at, hop.rule)?;
        }
        for change in &self.changes {
            write!(f, "\n    to open it: {change}")?;
        }
        Ok(())
    }
}

impl Display for Relay {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { through, listener, port, first, second } = self;
        let state = match (self.is_open(), self.is_shut()) {
            (true, _) => "open",
            (false, false) => "open in part",
            (false, true) => "not open",
        };
        write!(f, "  through {through}, port {listener} to port {port}: {state}")?;
        for leg in [first, second] {
            for passage in leg.passages() {
                write!(f, "\n{passage}")?;
            }
            for stop in leg.stops() {
                write!(f, "\n{stop}")?;
            }
        }
        Ok(())
    }
}

impl Display for Destination {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(net) => write!(f, "{net}"),
            Self::PrefixList(name) => f.write_str(name),
        }
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::InternetGateway(name)
            | Self::EgressOnlyGateway(name)
            | Self::NatGateway(name)
            | Self::Peering(name)
            | Self::Endpoint(name)
            | Self::Other(name) => f.write_str(name),
        }
    }
}
