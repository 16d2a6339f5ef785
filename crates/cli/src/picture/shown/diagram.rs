//! What a picture shows, before anybody knows where on the paper.

use trueup_model::Action;
use trueup_model::proof::Verdict;

use crate::picture::known::read::Name;

/// Everything in a picture.
#[derive(Debug, Default)]
pub(crate) struct Diagram {
    pub(crate) title: String,
    pub(crate) note: String,
    /// What is outside AWS's networks: the internet, networks, services.
    pub(crate) outside: Vec<Item>,
    pub(crate) vpcs: Vec<Vpc>,
    /// What is in no VPC, by kind.
    pub(crate) side: Vec<Section>,
    pub(crate) arrows: Vec<Arrow>,
    /// The arrows that nobody claimed and that would be too many.
    pub(crate) undrawn: usize,
    /// The sentences of the stack.
    pub(crate) claims: Vec<Claim>,
}

/// Things of one kind beside the networks.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) items: Vec<Item>,
}

/// A VPC with what is in it.
#[derive(Debug)]
pub(crate) struct Vpc {
    pub(crate) item: Item,
    /// On its upper edge: the ways to the internet.
    pub(crate) gateways: Vec<Item>,
    /// On its lower edge: the ways to AWS's services and to other networks.
    pub(crate) doors: Vec<Item>,
    /// The names of its zones: the columns.
    pub(crate) zones: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// What belongs to it and stands nowhere in it.
    pub(crate) rest: Vec<Chip>,
}

/// Subnets of one sort, one a zone.
#[derive(Debug, Default)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Option<Subnet>>,
    /// What stands in several of them.
    pub(crate) bands: Vec<Band>,
}

/// A subnet with what is in it.
#[derive(Debug)]
pub(crate) struct Subnet {
    pub(crate) item: Item,
    pub(crate) exposure: Exposure,
    pub(crate) items: Vec<Item>,
}

/// Something that stands in the subnets of neighbouring zones.
#[derive(Debug)]
pub(crate) struct Band {
    pub(crate) item: Item,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// Where a subnet's way out leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exposure {
    /// To an internet gateway.
    Public,
    /// To a NAT gateway, or something else that is not the internet itself.
    Private,
    /// Nowhere.
    Isolated,
    /// Nobody read the tables of its VPC.
    Unread,
}

/// A box with a name.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) name: Name,
    /// What it stands for: itself, or the members of a family.
    pub(crate) members: Vec<Name>,
    /// Its kind, as stacks write it.
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) icon: Icon,
    pub(crate) mark: Option<Mark>,
    pub(crate) chips: Vec<Chip>,
    /// Whether others have it: the stack never changes it.
    pub(crate) foreign: bool,
}

/// A small label on a box.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Chip {
    /// What it stands for, if that has a name.
    pub(crate) name: Option<Name>,
    pub(crate) text: String,
    pub(crate) tone: Tone,
    pub(crate) mark: Option<Mark>,
}

/// What a chip is about, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// A security group; each has a colour.
    Group(usize),
    Plain,
    /// What others have.
    Foreign,
    /// A sentence that says "does not reach".
    Shield(Verdict),
}

/// The drawing in a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    None,
    Compute,
    Database,
    Function,
    Gateway,
    Nat,
    Balancer,
    Peering,
    Interface,
    Internet,
    Service,
    Identity,
    Storage,
    Log,
    Key,
    Other,
}

/// What a plan does with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    Create,
    Update,
    Replace,
    Delete,
    /// Taken over, renamed or let go: AWS's side stays.
    Other,
}

/// A line from one box to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    pub(crate) from: Name,
    pub(crate) to: Name,
    pub(crate) label: String,
    pub(crate) meaning: Meaning,
    /// The whole of it in words.
    pub(crate) tooltip: String,
}

/// What an arrow says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    /// A sentence of the stack.
    Claim(Verdict),
    /// Nobody claimed it, but the network lets it through.
    Open,
    /// A load balancer sends there, and nothing arrives.
    Stuck,
    /// A route.
    Route,
}

/// A sentence of the stack, judged.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) text: String,
    pub(crate) verdict: Verdict,
}

impl Mark {
    pub(crate) fn of(action: Action) -> Option<Self> {
        Some(match action {
            Action::Create => Self::Create,
            Action::Update => Self::Update,
            Action::CreateThenDelete | Action::DeleteThenCreate => Self::Replace,
            Action::Delete => Self::Delete,
            Action::Adopt | Action::Move | Action::Forget => Self::Other,
            Action::Nothing => return None,
        })
    }

    /// The sign that says it without colour.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Update => "~",
            Self::Replace => "±",
            Self::Delete => "−",
            Self::Other => "»",
        }
    }

    /// The word for the legend and for style sheets.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Other => "hand-over",
        }
    }
}

/// The sign of a verdict.
pub(crate) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Proved => "✓",
        Verdict::Unknown => "?",
        Verdict::Broken => "✗",
    }
}

/// The word of a verdict.
pub(crate) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Proved => "proved",
        Verdict::Unknown => "unknown",
        Verdict::Broken => "broken",
    }
}

impl Item {
    /// One box for several things of the same sort.
    pub(crate) fn merged(name: Name, title: String, items: Vec<Self>) -> Self {
        let marks: Vec<Option<Mark>> = items.iter().map(|item| item.mark).collect();
        let same = marks.windows(2).all(|pair| pair[0] == pair[1]);
        let any = marks.iter().any(Option::is_some);
        let mut chips: Vec<Chip> = items.iter().flat_map(|item| item.chips.clone()).collect();
        chips.sort();
        chips.dedup();
        let notes_agree = items.windows(2).all(|pair| pair[0].note == pair[1].note);
        Self {
            name,
            title,
            note: if notes_agree { items[0].note.clone() } else { items[0].kind_words() },
            icon: items[0].icon,
            kind: items[0].kind.clone(),
            foreign: items.iter().all(|item| item.foreign),
            mark: if same { marks[0] } else { any.then_some(Mark::Update) },
            chips,
            members: items.into_iter().flat_map(|item| item.members).collect(),
        }
    }

    fn kind_words(&self) -> String {
        self.note.split(" · ").next().unwrap_or_default().to_owned()
    }
}
