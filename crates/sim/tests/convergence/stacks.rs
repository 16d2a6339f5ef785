//! Stacks made up by chance: some of everything that a private network with a database, a function
//! and a way in has, referring to one another.

use serde_json::{Map, Value as Json, json};

use crate::program::{KEPT, MOVED};
use crate::tape::Tape;

/// A stack, section by section, as its file would say it.
pub(crate) struct Draft(Map<String, Json>);

/// What a draft is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// Whether the network stays: what is retained in it could not stay in one that goes.
    pub(crate) is_steady: bool,
    /// Whether the log group of somebody else is there to be adopted, or is already.
    pub(crate) is_theirs_there: bool,
}

/// The log group of somebody else.
pub(crate) const THEIRS: &str = "/theirs";

/// What stands in the network of a draft.
struct Shape {
    subnets: usize,
    groups: usize,
    is_public: bool,
}

impl Draft {
    /// A stack of this name.
    pub(crate) fn random(tape: &mut Tape, name: &str, setting: Setting) -> Self {
        let mut draft = Self(Map::new());
        draft.0.insert("stack".to_owned(), name.into());
        draft.0.insert("region".to_owned(), "us-west-2".into());
        draft.0.insert("tags".to_owned(), json!({"project": name}));
        let shape = Shape {
            subnets: 1 + tape.below(3),
            groups: 2 + tape.below(4),
            is_public: tape.happens(7),
        };
        draft.network(tape, &shape, setting.is_steady);
        draft.tables(tape, &shape);
        draft.groups(tape, &shape);
        draft.compute(tape, &shape);
        if shape.subnets > 1 && tape.happens(4) {
            draft.database(tape, &shape);
        }
        draft.kept(tape, setting);
        draft
    }

    /// Its file: JSON is YAML.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string_pretty(&self.0).unwrap()
    }

    /// Sentences about what is in it, each with its opposite: who could reach whom.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let ends = ["instance.host", "lambda_function.api", "db_instance.main", "internet"];
        let is_there = |end: &&&str| {
            let named = end.split_once('.');
            named.is_none_or(|(kind, name)| {
                self.0.get(kind).is_some_and(|all| all.get(name).is_some())
            })
        };
        let ends: Vec<&str> = ends.iter().filter(is_there).copied().collect();
        let mut sentences = Vec::new();
        for from in ends.iter().filter(|end| !end.starts_with("db_")) {
            for to in ends.iter().filter(|end| *end != from && !end.starts_with("lambda_")) {
                for port in [1000, 1001] {
                    sentences.push(format!("{from} reaches {to} on {port}"));
                    sentences.push(format!("{from} does not reach {to} on {port}"));
                }
            }
        }
        sentences
    }

    /// Has it expect these sentences.
    pub(crate) fn expect(&mut self, sentences: &[String]) {
        self.0.insert("expect".to_owned(), json!(sentences));
    }

    fn add(&mut self, kind: &str, name: &str, attributes: Json) {
        let section = self.0.entry(kind.to_owned()).or_insert_with(|| json!({}));
        section.as_object_mut().unwrap().insert(name.to_owned(), attributes);
    }

    fn network(&mut self, tape: &mut Tape, shape: &Shape, is_steady: bool) {
        let base = tape.of(&["10.0", "10.1"]);
        let base = if is_steady { "10.0" } else { base };
        let hostnames = tape.happens(5);
        self.add(
            "vpc",
            "main",
            json!({"cidr_block": format!("{base}.0.0/16"), "enable_dns_hostnames": hostnames}),
        );
        for number in 0..shape.subnets {
            let cidr = format!("{base}.{}.0/24", number + 10 * tape.below(3));
            let zone = ["a", "b"][number % 2];
            self.add(
                "subnet",
                &format!("s{number}"),
                json!({"vpc": "main", "cidr_block": cidr, "availability_zone": zone,
                       "map_public_ip_on_launch": tape.happens(5)}),
            );
        }
        if shape.is_public {
            self.add("internet_gateway", "main", json!({"vpc": "main"}));
            self.add("elastic_ip", "nat", json!({}));
            let subnet = format!("s{}", tape.below(shape.subnets));
            self.add("nat_gateway", "main", json!({"subnet": subnet, "elastic_ip": "nat"}));
        }
    }

    fn tables(&mut self, tape: &mut Tape, shape: &Shape) {
        let count = 1 + tape.below(2);
        for table in 0..count {
            let own = (0..shape.subnets).filter(|subnet| subnet % count == table);
            let own: Vec<String> = own.map(|subnet| format!("s{subnet}")).collect();
            let target = tape.of(&["internet_gateway.main", "nat_gateway.main"]);
            let routes = if shape.is_public { json!({"0.0.0.0/0": target}) } else { json!({}) };
            self.add(
                "route_table",
                &format!("t{table}"),
                json!({"vpc": "main", "subnets": own, "routes": routes}),
            );
        }
    }

    fn groups(&mut self, tape: &mut Tape, shape: &Shape) {
        for group in 0..shape.groups {
            let rules = (0..tape.below(3)).map(|rule| {
                let from = match tape.below(3) {
                    0 => "10.0.0.0/8".to_owned(),
                    1 => format!("g{}", (group + 1) % shape.groups),
                    _ => format!("g{group}"),
                };
                json!({"port": 1000 + rule, "from": [from]})
            });
            let rules: Vec<Json> = rules.collect();
            let description = tape.of(&["one thing", "another"]);
            self.add(
                "security_group",
                &format!("g{group}"),
                json!({"vpc": "main", "description": description, "ingress": rules}),
            );
        }
    }

    fn compute(&mut self, tape: &mut Tape, shape: &Shape) {
        if tape.happens(5) {
            let role = json!({"service": "ec2.amazonaws.com",
                "managed_policies": if tape.happens(5) { json!(["AmazonSSMManagedInstanceCore"]) } else { json!([]) }});
            self.add("iam_role", "host", role);
            let mut host = json!({"ami": "ami-0123456789abcdef0",
                "instance_type": tape.of(&["t3.micro", "t3.small"]),
                "subnet": format!("s{}", tape.below(shape.subnets)),
                "security_groups": [format!("g{}", tape.below(shape.groups))]});
            if tape.happens(7) {
                host["iam_role"] = "host".into();
            }
            self.add("instance", "host", host);
        }
        if tape.happens(5) {
            self.add(
                "iam_role",
                "api",
                json!({"service": "lambda.amazonaws.com",
                "managed_policies": ["service-role/AWSLambdaVPCAccessExecutionRole"]}),
            );
            let mut api = json!({"runtime": "python3.12", "handler": "app.handler", "source": "api",
                "role": "api", "memory_mb": tape.of(&[128, 256]),
                "environment": {"VPC": "${vpc.main.id}"}});
            if tape.happens(6) {
                api["subnets"] = json!([format!("s{}", tape.below(shape.subnets))]);
                api["security_groups"] = json!([format!("g{}", tape.below(shape.groups))]);
            }
            self.add("lambda_function", "api", api);
            let retention = tape.of(&[7, 14]);
            let name = "/aws/lambda/${lambda_function.api.name}";
            self.add("log_group", "api", json!({"name": name, "retention_days": retention}));
        }
    }

    /// What may be protected or retained, what is adopted, and what has another address each time.
    fn kept(&mut self, tape: &mut Tape, setting: Setting) {
        if tape.happens(6) {
            let group = json!({"name": "/kept", "retention_days": tape.of(&[7, 14])});
            self.add("log_group", KEPT, leaving(tape, group));
        }
        if setting.is_steady && tape.happens(7) {
            let description = tape.of(&["one thing", "another"]);
            let rules = json!([{"port": 22, "from": ["10.0.0.0/8"]}]);
            let group = json!({"vpc": "main", "description": description, "ingress": rules});
            self.add("security_group", KEPT, leaving(tape, group));
        }
        if setting.is_theirs_there && tape.happens(7) {
            let retention = tape.of(&[7, 14]);
            let group = json!({"name": THEIRS, "adopt": THEIRS, "retention_days": retention});
            self.add("log_group", "adopted", group);
        }
        let turn = tape.below(2);
        let (now, before) = (MOVED[turn], MOVED[1 - turn]);
        self.add("elastic_ip", now, json!({"moved_from": format!("elastic_ip.{before}")}));
        if tape.happens(5) {
            let group = json!({"name": "/moved", "retention_days": tape.of(&[7, 14]),
                "moved_from": format!("log_group.{before}")});
            self.add("log_group", now, leaving(tape, group));
        }
    }

    fn database(&mut self, tape: &mut Tape, shape: &Shape) {
        let all: Vec<String> = (0..shape.subnets).map(|subnet| format!("s{subnet}")).collect();
        self.add("db_subnet_group", "main", json!({"subnets": all}));
        let database = json!({"engine": tape.of(&["postgres", "mysql"]),
            "instance_class": tape.of(&["db.t3.micro", "db.t3.small"]),
            "allocated_storage": 20 + 10 * tape.below(2), "username": "owner", "password": "managed",
            "subnet_group": "main", "security_groups": [format!("g{}", tape.below(shape.groups))],
            "deletion_protection": tape.happens(5), "apply": tape.of(&["now", "window"])});
        self.add("db_instance", "main", database);
    }
}

/// The same, protected or retained by chance.
fn leaving(tape: &mut Tape, mut attributes: Json) -> Json {
    if tape.happens(3) {
        attributes["protect"] = true.into();
    }
    if tape.happens(4) {
        attributes["on_destroy"] = "retain".into();
    }
    attributes
}
