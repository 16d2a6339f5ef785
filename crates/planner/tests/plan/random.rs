//! Random stacks over few names, so that two of them have much in common.

use std::fmt::Write as _;

/// A small source of choices, so that a whole world follows from one number.
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let multiplied = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = multiplied.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()].clone()
    }
}

/// A random stack as text.
pub(crate) fn stack(choices: &mut Choices) -> String {
    let mut writer = Writer { choices, text: String::new(), made: Vec::new() };
    let kinds = [
        "vpc",
        "vpc",
        "internet_gateway",
        "subnet",
        "subnet",
        "nat_gateway",
        "security_group",
        "security_group",
        "security_group",
        "iam_role",
        "log_group",
        "fixture",
        "fixture",
        "twin",
        "twin",
        "twin",
        "db_instance",
        "lambda_function",
        "lambda_function",
        "thing",
    ];
    for (number, kind) in kinds.iter().enumerate() {
        if !writer.choices.one_in(4) {
            writer.add(kind, number);
        }
    }
    writer.finish()
}

struct Writer<'c> {
    choices: &'c mut Choices,
    text: String,
    made: Vec<String>,
}

impl Writer<'_> {
    fn add(&mut self, kind: &str, number: usize) {
        let Some(mut lines) = self.attributes(kind, number) else { return };
        if self.choices.one_in(3) {
            lines.push(format!("tags.color: {}", self.choices.of(&["red", "blue"])));
        }
        let address = format!("{kind}.n{number}");
        let _ = writeln!(self.text, "{address}");
        for line in lines {
            let _ = writeln!(self.text, "  {line}");
        }
        self.made.push(address);
    }

    /// The attributes of a resource; none if what it needs is not there.
    fn attributes(&mut self, kind: &str, number: usize) -> Option<Vec<String>> {
        Some(match kind {
            "vpc" => vec![format!("cidr_block: 10.{}.0.0/16", self.choices.below(2))],
            "internet_gateway" => vec![format!("vpc: @{}", self.pick("vpc")?)],
            "subnet" => {
                let vpc = self.pick("vpc")?;
                vec![format!("vpc: @{vpc}"), format!("cidr_block: 10.0.{number}.0/24")]
            }
            "nat_gateway" => vec![format!("subnet: @{}", self.pick("subnet")?)],
            "security_group" => {
                let vpc = self.pick("vpc")?;
                let description = self.choices.of(&["one", "two", "three"]);
                vec![format!("vpc: @{vpc}"), format!("description: {description}")]
            }
            "iam_role" => vec![format!("trust: {{Version: {}}}", self.choices.below(3))],
            "log_group" => vec![format!("name: {}", self.choices.of(&["left", "right"]))],
            "fixture" => {
                let vpc = self.pick("vpc").map(|vpc| format!("vpc: @{vpc}"));
                [Some(self.shape()), vpc].into_iter().flatten().collect()
            }
            "twin" => self.twin(),
            "db_instance" => self.database(),
            "lambda_function" => self.function(),
            _ => vec![format!("string: {}", self.choices.below(3))],
        })
    }

    fn twin(&mut self) -> Vec<String> {
        let of = self.pick("fixture").map(|of| format!("of: @{of}"));
        let beside = self.pick("twin").map(|beside| format!("beside: @{beside}"));
        // No two at once may want one name.
        let wants = self.choices.one_in(3) && !self.text.contains("name: written");
        let name = wants.then(|| "name: written".to_owned());
        [Some(self.shape()), of, beside, name].into_iter().flatten().collect()
    }

    fn shape(&mut self) -> String {
        format!("shape: {}", self.choices.of(&["round", "square"]))
    }

    fn database(&mut self) -> Vec<String> {
        let subnets = self.pick("subnet").map(|subnet| format!("subnets: [@{subnet}]"));
        let groups = self.pick("security_group").map(|group| format!("groups: [@{group}]"));
        let engine = format!("engine: {}", self.choices.of(&["postgres", "mysql"]));
        let class = format!("class: {}", self.choices.of(&["small", "large"]));
        let version = format!("version: {}", self.choices.of(&["16", "17"]));
        [Some(engine), Some(class), Some(version), subnets, groups].into_iter().flatten().collect()
    }

    fn function(&mut self) -> Vec<String> {
        let role =
            self.pick("iam_role").map_or_else(|| "elsewhere".to_owned(), |r| format!("@{r}"));
        let groups = self.pick("security_group").map(|group| format!("groups: [@{group}]"));
        let host = self.pick("db_instance");
        let host = host.map(|host| format!("environment: {{HOST: ${{{host}.endpoint}}}}"));
        let source = format!("source: source:{}", self.choices.below(2));
        [Some(source), Some(format!("role: {role}")), groups, host].into_iter().flatten().collect()
    }

    fn pick(&mut self, kind: &str) -> Option<String> {
        let prefix = format!("{kind}.");
        let all: Vec<String> =
            self.made.iter().filter(|made| made.starts_with(&prefix)).cloned().collect();
        if all.is_empty() { None } else { Some(self.choices.of(&all)) }
    }

    /// The text, with rules that let groups refer to each other in any direction.
    fn finish(self) -> String {
        let groups: Vec<String> =
            self.made.iter().filter(|made| made.starts_with("security_group.")).cloned().collect();
        let mut text = String::new();
        for line in self.text.lines() {
            let _ = writeln!(text, "{line}");
            if groups.iter().any(|group| group == line) && !self.choices.one_in(3) {
                let (from, port) = (self.choices.of(&groups), self.choices.below(3));
                let rule = format!("{{port: {port}, from: [@{from}, 10.0.0.0/8]}}");
                let _ = writeln!(text, "  ingress: [{rule}]");
            }
        }
        text
    }
}
